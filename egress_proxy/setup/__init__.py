"""From nothing to a configuration: what is there is looked for, what is missing is written, what stands is kept."""
