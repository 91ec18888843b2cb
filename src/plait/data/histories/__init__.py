"""Histories: a long table of who took what, as moments with what came before and what came next."""
