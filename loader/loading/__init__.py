"""Loading: one file into its table, all files of a run, what came of them."""
