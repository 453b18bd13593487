"""Pictures and sounds that are small and unpack to much."""

import pathlib
import struct
import subprocess
import tempfile
import time
import zlib

from rows import row
from stage import FINAL, MEGABYTE, expect, png, wait_until


def play(stage, kind, field, name, body, seconds=30):
    stage.tenant.pages[name] = body
    begun = time.monotonic()
    with stage.memory() as used:
        record = stage.ended(stage.push(kind, {
            field: stage.tenant.url(name)}), seconds)
    expect(used.grown < 500 * MEGABYTE,
           f"{used.grown // MEGABYTE} MB of memory")
    return record, time.monotonic() - begun


def made_by_ffmpeg(name, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, name)
        subprocess.run(["ffmpeg", "-v", "error", *options, path], check=True)
        return path.read_bytes()


@row("pictures", "PNG of 10,000 x 10,000 pixels with 16 bits a sample")
def deep_png(stage):
    play(stage, "analyze", "image_url", "/deep.png", png(10_000, 10_000, 16, 6))


@row("pictures", "PNG whose head says 50,000 x 50,000")
def wide_png(stage):
    record, _ = play(stage, "analyze", "image_url", "/wide.png",
                     png(50_000, 50_000, 8, 2, rows=0))
    expect(record["status"] == "failed", "it was taken")


@row("pictures", "PNG with 900 compressed text chunks")
def text_chunks(stage):
    text = b"c\0\0" + zlib.compress(b"\0" * 7_900_000, 9)
    play(stage, "analyze", "image_url", "/text.png",
         png(8, 8, 8, 2, chunks=[(b"zTXt", text)] * 900))


@row("pictures", "WebP of 10,000 x 10,000 pixels in a few KB")
def wide_webp(stage):
    play(stage, "analyze", "image_url", "/wide.webp", made_by_ffmpeg(
        "x.webp", "-f", "lavfi", "-i", "color=black:s=10000x10000",
        "-frames:v", "1", "-c:v", "libwebp", "-lossless", "1"))


@row("pictures", "progressive JPEG with 2,000 scans")
def many_scans(stage):
    play(stage, "analyze", "image_url", "/scans.jpg", scans_of_a_jpeg(2000))


@row("pictures", "PNG of 8,192 x 8,192 pixels with alpha, which is at the limit")
def large_picture(stage):
    record, _ = play(stage, "analyze", "image_url", "/large.png",
                     png(8192, 8192, 8, 6))
    expect(record["status"] == "success", record.get("error"))


@row("pictures", "GIF whose head says 65,535 x 65,535")
def wide_gif(stage):
    record, _ = play(stage, "analyze", "image_url", "/wide.gif",
                     b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(100))
    expect(record["status"] == "failed", "it was taken")


def scans_of_a_jpeg(count):
    """A grey progressive JPEG of 8192 x 8192: one scan of the first
    coefficients, then the same scan of one further coefficient again and
    again; each costs the reader a walk over all of the picture."""
    side = 8192
    blocks = (side // 8) ** 2

    def segment(marker, data):
        return b"\xff" + marker + struct.pack(">H", len(data) + 2) + data

    table = bytes([1] + [0] * 15 + [0])
    head = (b"\xff\xd8" + segment(b"\xdb", b"\0" + b"\1" * 64)
            + segment(b"\xc2", struct.pack(">BHHB", 8, side, side, 1)
                      + b"\1\x11\0")
            + segment(b"\xc4", b"\0" + table) + segment(b"\xc4", b"\x10" + table))
    first = segment(b"\xda", b"\1\1\0\0\0\0") + b"\0" * (blocks // 8)
    again = segment(b"\xda", b"\1\1\0\1\1\0")
    # An end-of-band run covers 32,767 blocks in two bytes or so.
    run = segment(b"\xc4", b"\x10" + bytes([1] + [0] * 15 + [0xE0]))
    bits = "".join("0" + format(16383, "014b") for _ in range(blocks // 32767))
    bits += "0" + format(16383, "014b")
    bits += "1" * (-len(bits) % 8)
    body = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff",
                                                                 b"\xff\0")
    return head + first + run + (again + body) * count + b"\xff\xd9"


@row("sounds", "two hours of silence in a FLAC of 80 KB")
def long_silence(stage):
    body = made_by_ffmpeg("x.flac", "-f", "lavfi", "-i",
                          "anullsrc=r=44100:cl=stereo", "-t", "7200",
                          "-compression_level", "12")
    stage.tenant.pages["/long.flac"] = body
    job = stage.push("csm", {
        "text": "Hello", "voice": "clone", "reference_text": "hello",
        "reference_audio_url": stage.tenant.url("/long.flac")})
    most = 0

    def over():
        nonlocal most
        most = max(most, sum(size_of(p) for p in stage.output.rglob("*")))
        return stage.redis("HGET", "job:" + job, "status") in FINAL
    expect(wait_until(over, 30, pause=0.02), "no end after 30 s")
    expect(most < 300 * MEGABYTE, f"{most // MEGABYTE} MB on disk")


def size_of(path):
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


@row("sounds", "a playlist that names a file of the host")
def playlist(stage):
    text = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    for name in ("/list.m3u8", "/list.mp3"):
        record, _ = play(stage, "whisper", "audio_url", name, text)
        expect(record["status"] == "failed", "it was taken")
    expect("root:" not in stage.log(), "the file's text is in the log")
