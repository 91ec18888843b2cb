"""Pictures: photographs, drawings, scans."""
