"""What several tests share: gateways, their clients, documents, random input, an oracle."""
