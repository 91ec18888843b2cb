"""Pages for people: a bundle's report and a table's inspection, self-contained HTML."""

from plait.report.inspection import render_inspection as render_inspection
from plait.report.page import render_report as render_report
