"""The backup's file: its form, writing one, reading one, trying one."""
