"""Where tables come from: one file per kind of source, each giving `Rows`."""
