/* mem.c: memory that lives as long as the process; running out is the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

static void *
checked(void *p)
{
	static const char line[] = "mbx: memory: allocate: out of memory\n";

	if (p == NULL) {
		(void)!write(STDERR_FILENO, line, sizeof(line) - 1);
		_exit(71);
	}
	return p;
}

void *
mem_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1));
}

void *
mem_array(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size ? size : 1));
}

void *
mem_resize(void *p, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return checked(NULL);
	return checked(realloc(p, total ? total : 1));
}

char *
mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

char *
mem_strndup(const char *s, size_t n)
{
	char *p = mem_alloc(n + 1);

	memcpy(p, s, n);
	return p;
}

int
order_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

char *
mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&p, fmt, ap);
	va_end(ap);
	return checked(n < 0 ? NULL : p);
}
