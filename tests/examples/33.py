"""Three processes in a row: what one writes, the next one reads."""
# SPDX-License-Identifier: MIT
import asyncio
import signal
from asyncio.subprocess import DEVNULL, PIPE


def exit_of(code):
    return f"exited with code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


async def pump(reader, writer):
    while chunk := await reader.read(4096):
        writer.write(chunk)
        await writer.drain()
    writer.close()


async def print_counts(counts):
    async for line in counts:
        count, word = line.decode().split()
        print(f"{word:<8}{count}")


async def count_words():
    printf = await asyncio.create_subprocess_exec(
        "printf", "%s\n", "pear", "apple", "fig", "apple", "pear", "apple", stdout=PIPE)
    sort = await asyncio.create_subprocess_exec("sort", stdin=PIPE, stdout=PIPE)
    uniq = await asyncio.create_subprocess_exec("uniq", "-c", stdin=PIPE, stdout=PIPE)
    await asyncio.gather(pump(printf.stdout, sort.stdin), pump(sort.stdout, uniq.stdin), print_counts(uniq.stdout))
    exits = await asyncio.gather(printf.wait(), sort.wait(), uniq.wait())
    print("uniq", exit_of(exits[2]))


async def count_some_of_endless_many():
    yes = await asyncio.create_subprocess_exec("yes", stdout=PIPE)
    head = await asyncio.create_subprocess_exec("head", "-n", "100000", stdin=PIPE, stdout=PIPE)
    wc = await asyncio.create_subprocess_exec("wc", "-l", stdin=PIPE, stdout=PIPE)
    feeding = asyncio.create_task(pump(yes.stdout, head.stdin))
    await pump(head.stdout, wc.stdin)
    count = await wc.stdout.readline()
    try:
        await feeding
    except (BrokenPipeError, ConnectionResetError):
        print("head has enough: Broken pipe")
    yes.terminate()
    # Unlike eddy's this wait would not end while the pipe, which nobody reads, is full.
    yes._transport.get_pipe_transport(1).close()
    print(int(count), "lines, yes", exit_of(await yes.wait()))


async def give_up():
    sleep = await asyncio.create_subprocess_exec("sleep", "60")
    try:
        await asyncio.wait_for(sleep.wait(), 0.1)
    except asyncio.TimeoutError:
        sleep.terminate()
        await sleep.wait()
        print("sleep timed out")


async def main():
    await count_words()
    await count_some_of_endless_many()
    await give_up()
    missing = await asyncio.create_subprocess_exec("ls", "/no/such/file", stdout=DEVNULL, stderr=DEVNULL)
    print("ls", "failed" if await missing.wait() else "succeeded")


asyncio.run(main())
