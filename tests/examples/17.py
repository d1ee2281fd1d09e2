"""Mocks of coroutine functions."""
# SPDX-License-Identifier: MIT
import asyncio
from unittest.mock import AsyncMock


async def retry(max_attempts, fn, *args):
    for attempt in range(1, max_attempts + 1):
        try:
            return await fn(*args)
        except RuntimeError:
            if attempt == max_attempts:
                raise
        await asyncio.sleep(0.01)  # eddy's test waits an hour in all, on a clock that jumps


async def test_with_mock():
    mock_func = AsyncMock(return_value={"data": "test"})

    result = await mock_func()
    assert result == {"data": "test"}
    mock_func.assert_called_once()
    print(f"data: {result['data']}")


async def test_with_side_effects():
    fetch = AsyncMock(side_effect=[RuntimeError("down"), RuntimeError("still down"), "up"])

    result = await retry(5, fetch, "https://example.com")
    assert result == "up"
    assert fetch.await_count == 3
    fetch.assert_called_with("https://example.com")
    print(f"{result} after {fetch.await_count} calls")


async def test_with_function():
    fetch_user = AsyncMock(side_effect=lambda user_id: f"User{user_id}")

    first, second = await asyncio.gather(fetch_user(1), fetch_user(2))
    assert first == "User1"
    print(f"{first}, {second}")
    for call in fetch_user.call_args_list:
        print(f"called with {call.args[0]}")
    fetch_user.assert_any_call(1)
    fetch_user.reset_mock()
    fetch_user.assert_not_called()


async def test_assertion():
    mock_func = AsyncMock()
    await mock_func()
    await mock_func()
    try:
        mock_func.assert_called_once()
    except AssertionError:
        print(f"called {mock_func.call_count} times")


for test in (test_with_mock, test_with_side_effects, test_with_function, test_assertion):
    asyncio.run(test())
