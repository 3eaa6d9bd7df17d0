"""The same batches in many ways: loaded in any order, built at any time, killed, built anew."""
