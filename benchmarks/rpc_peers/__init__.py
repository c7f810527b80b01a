"""The servers that `benchmarks/rpc.py` measures beside ours, each as its documentation writes it."""
