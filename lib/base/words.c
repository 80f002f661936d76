/* words.c: a command's text split like argv, without a shell. */
#include <string.h>

#include "base/base.h"

/* One word in place; 0 if a quote has no end. */
static int
one_word(char **text)
{
	char *s = *text, *to = s, quote = '\0';

	for (; *s != '\0' && (quote || (*s != ' ' && *s != '\t')); s++)
		if (quote && *s == quote)
			quote = '\0';
		else if (!quote && (*s == '\'' || *s == '"'))
			quote = *s;
		else if (*s == '\\' && quote != '\'' && s[1] != '\0')
			*to++ = *++s;
		else
			*to++ = *s;
	*text = s + (*s != '\0');
	*to = '\0';
	return quote == '\0';
}

size_t
text_words(char *s, char **word, size_t max)
{
	size_t n = 0;

	for (;;) {
		s += strspn(s, " \t");
		if (*s == '\0')
			break;
		if (n + 1 == max)
			return 0;
		word[n++] = s;
		if (!one_word(&s))
			return 0;
	}
	word[n] = NULL;
	return n;
}
