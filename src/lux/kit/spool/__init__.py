"""Lines that wait on the disk for the database: written by one system call each, loaded by the segment, never twice."""

from lux.kit.spool.reading import Content, Dropped, Segment, content, segments, waiting
from lux.kit.spool.writing import FOLDER, Spool

__all__ = ["FOLDER", "Content", "Dropped", "Segment", "Spool", "content", "segments", "waiting"]
