"""Tests whose bodies are coroutines, run as pytest-asyncio would; a day takes no time on a loop whose clock jumps."""
# SPDX-License-Identifier: MIT
import asyncio
import contextlib
import types


class Client:
    async def get(self, path):
        print(f"GET {path}")
        await asyncio.sleep(0.02)
        return types.SimpleNamespace(status_code=200)


@contextlib.asynccontextmanager
async def async_client():
    await asyncio.sleep(0.01)  # to connect
    yield Client()
    await asyncio.sleep(0.01)  # to disconnect


async def test_simple_async():
    await asyncio.sleep(0.1)
    assert True
    print("a simple test has waited")


async def test_async_fixture():
    async with async_client() as client:
        response = await client.get("/api/data")
        assert response.status_code == 200
        print(f"status {response.status_code}")


async def test_a_day():
    loop = asyncio.get_running_loop()
    ahead = 0.0
    real = loop.time
    loop.time = lambda: real() + ahead  # by hand what eddy's virtual clock does
    start = loop.time()
    sleeper = asyncio.ensure_future(asyncio.sleep(24 * 3600))
    await asyncio.sleep(0)
    ahead = 24 * 3600.0
    await sleeper
    assert loop.time() - start >= 24 * 3600
    print("a day has passed")


for test in (test_simple_async, test_async_fixture, test_a_day):
    asyncio.run(test())
