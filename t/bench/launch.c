/*
 * launch: runs a command and says what it used.
 *
 *	launch FILE SECONDS COMMAND [ARG...]
 *
 * FILE gets wall, user and system seconds and the peak KiB of the largest
 * process, of the command and the children it waited for.  After SECONDS it is
 * told to end, with its process group.  A process's peak is never below that
 * of the one it was forked from, hence this small one.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void
too_long(int sig)
{
	(void)sig;
	(void)kill(-child, SIGTERM);
}

static double
seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

int
main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage used;
	int status;
	FILE *f;

	if (argc < 4)
		return 64;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	if ((child = fork()) == 0) {
		(void)setpgid(0, 0);
		(void)execvp(argv[3], argv + 3);
		perror(argv[3]);
		_exit(127);
	}
	(void)signal(SIGALRM, too_long);
	(void)alarm((unsigned int)strtoul(argv[2], NULL, 10));
	if (child == -1 || wait4(child, &status, 0, &used) != child ||
	    (f = fopen(argv[1], "w")) == NULL)
		return 71;
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	(void)fprintf(f, "%.4f %.4f %.4f %ld\n",
	    (double)(to.tv_sec - from.tv_sec) +
		(double)(to.tv_nsec - from.tv_nsec) / 1e9,
	    seconds(&used.ru_utime), seconds(&used.ru_stime), used.ru_maxrss);
	if (fclose(f) != 0)
		return 74;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
