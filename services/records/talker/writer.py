"""The files of one shard: those of a person's folder. Imports no media library."""

from __future__ import annotations

from services.base.stage.writer import files_writer
from services.records.talker.names import output_name

open_writer = files_writer(output_name)
