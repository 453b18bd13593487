"""A real WebSocket server (the `websockets` package) in a thread, and a front
that has it share a port with a ComfyUI that has none."""
import asyncio
import threading

import websockets


class Events:
    """`speak(socket)` is what a connection is told; it closes at its end.
    `ssl`: a server's context."""

    def __init__(self, speak, ssl=None, behind=None):
        self.requests = []
        self._speak = speak
        self._behind = behind
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: self._loop.run_until_complete(
                self._serve(ready, ssl)), daemon=True)
        self._stop = asyncio.Event()
        self._thread.start()
        assert ready.wait(10)

    async def _serve(self, ready, ssl):
        async with websockets.serve(self._connected, "127.0.0.1", 0,
                                    ssl=ssl) as server:
            self.port = server.sockets[0].getsockname()[1]
            front = await asyncio.start_server(self._front, "127.0.0.1", 0)
            self.front_port = front.sockets[0].getsockname()[1]
            ready.set()
            await self._stop.wait()
            front.close()

    async def _connected(self, socket):
        self.requests.append(socket.request)
        await self._speak(socket)

    async def _front(self, reader, writer):
        """/ws goes to the server here, all else to the one behind."""
        try:
            first = await reader.readuntil(b"\r\n")
        except asyncio.IncompleteReadError:
            return writer.close()
        port = self.port if b"/ws?" in first else self._behind
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1",
                                                               port)
        far_writer.write(first)
        await asyncio.gather(pipe(reader, far_writer),
                             pipe(far_reader, writer))

    def close(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


async def pipe(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
