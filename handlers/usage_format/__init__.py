"""What stands in a node's repository: the format of its lines, by which nodes write and the aggregator reads."""
