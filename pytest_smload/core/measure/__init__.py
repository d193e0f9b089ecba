"""What a recording amounts to: figures per scope, cold starts, timeline."""
