"""The platform on real servers, which `make integration` brings."""
