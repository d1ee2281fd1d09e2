"""Async fixtures, and fixtures that use fixtures, torn down last one first."""
# SPDX-License-Identifier: MIT
import asyncio
import contextlib
import types


class ClientSession:
    async def __aenter__(self):
        await asyncio.sleep(0.01)
        print("session opened")
        return self

    async def __aexit__(self, *error):
        await asyncio.sleep(0.01)
        print("session closed")

    async def get(self, url):
        print(f"GET {url}")
        await asyncio.sleep(0.01)
        return types.SimpleNamespace(status=200)


@contextlib.asynccontextmanager
async def async_client(use):
    async with ClientSession() as session:
        yield session


@contextlib.asynccontextmanager
async def logged_in_user(use):
    client = await use(async_client(use))
    await client.get("https://example.com/login")
    yield "alice"
    await client.get("https://example.com/logout")


async def test_with_fixture(use):
    client = await use(async_client(use))
    response = await client.get("https://example.com/get")
    assert response.status == 200
    print(f"status {response.status}")


async def test_with_composed_fixture(use):
    user = await use(logged_in_user(use))
    assert user == "alice"
    print(f"hello {user}")


async def test_that_fails(use):
    await use(async_client(use))
    raise RuntimeError("the test fails")


async def run(test):
    async with contextlib.AsyncExitStack() as fixtures:
        await test(fixtures.enter_async_context)


asyncio.run(run(test_with_fixture))
asyncio.run(run(test_with_composed_fixture))
try:
    asyncio.run(run(test_that_fails))
except RuntimeError as error:
    print(error)
