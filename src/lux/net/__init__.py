"""The only owner of sockets: mail servers, name servers, file stores; every address is checked before it is reached."""
