"""Opens and clicks in front of Flask: answered from memory, kept on the disk, counted a second later."""
