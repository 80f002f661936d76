#!/bin/sh
# The same from a source that tells what changed, but not what is there.
SOURCE='IMAP4rev1 SASL-IR LITERAL+ NAMESPACE LIST-STATUS CONDSTORE' \
	exec "$(dirname "$0")/29-delta.t"
