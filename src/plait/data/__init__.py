"""Tables: read, understood, checked, split, decoded once, and given in batches."""

from plait.data.checks import Inspection as Inspection
from plait.data.checks import inspect_table as inspect_table
from plait.data.collation import collate as collate
from plait.data.duplicates import Keys as Keys
from plait.data.duplicates import fingerprints as fingerprints
from plait.data.duplicates import shared_rows as shared_rows
from plait.data.fitting import fit_codecs as fit_codecs
from plait.data.inference import infer_schema as infer_schema
from plait.data.loader import Loader as Loader
from plait.data.prepared import Prepared as Prepared
from plait.data.prepared import PreparedColumn as PreparedColumn
from plait.data.prepared import prepare_rows as prepare_rows
from plait.data.prepared import prepare_table as prepare_table
from plait.data.schema import Column as Column
from plait.data.schema import Schema as Schema
from plait.data.schema import make_codec as make_codec
from plait.data.splits import Splits as Splits
from plait.data.splits import make_splits as make_splits
from plait.data.table import Table as Table
from plait.data.table import read as read
