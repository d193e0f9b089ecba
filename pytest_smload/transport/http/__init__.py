"""SigV4 over HTTP/1.1 on gevent sockets: the hot path."""
