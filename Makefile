# The same commands under the names that hands know.
.PHONY: quickstart test check bench
quickstart test check:
	scripts/$@

bench: ; scripts/install && .venv/bin/python benchmarks/cold_compile.py && .venv/bin/python benchmarks/check.py && .venv/bin/python benchmarks/runtime.py
