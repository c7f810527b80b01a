"""Running the emitters: what they write is compared with the output directory, which is then made so."""
