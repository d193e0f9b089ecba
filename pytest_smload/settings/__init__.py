"""Where values come from: files, environment variables, options and markers, merged into frozen settings."""
