"""What several tests share: a gateway and its clients, documents, random input, an oracle."""
