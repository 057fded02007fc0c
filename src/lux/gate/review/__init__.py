"""What a reviewer is told about an item: findings by rules people can read, brand, risk, cost and budget."""
