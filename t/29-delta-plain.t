#!/bin/sh
# The same from a source that tells neither what changed nor what is there.
SOURCE='IMAP4rev1 SASL-IR LITERAL+ NAMESPACE LIST-STATUS' \
	exec "$(dirname "$0")/29-delta.t"
