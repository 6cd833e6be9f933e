"""Files: PNGs, tables of numbers, label files, folders, and writing whole or not at all."""
