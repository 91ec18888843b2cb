"""Pages for people: a bundle's report, a search, an inspected table; self-contained HTML."""

from plait.report.finding import render_search as render_search
from plait.report.inspection import render_inspection as render_inspection
from plait.report.page import render_report as render_report
from plait.report.several import render_several as render_several
