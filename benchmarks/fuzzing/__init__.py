"""Fuzzing: tables of every kind, made well and then damaged, read and predicted in process."""
