"""One parser for every stream: bytes of any provider in, a few small messages out; FORMATS.md describes the wires."""

from maestro.streaming.parser import StreamOptions as StreamOptions
from maestro.streaming.parser import get_handler as get_handler
from maestro.streaming.parser import parse_stream as parse_stream
from maestro.streaming.sse import parse_sse_stream as parse_sse_stream
