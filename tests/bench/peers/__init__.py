"""The programs that the benchmarks compare, and the tables that they print."""
