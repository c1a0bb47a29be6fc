/* LD_PRELOAD: a program that ends where it would move a file, as if it had crashed just before. */
#include <signal.h>
#include <stdio.h>

int renameat(int oldfd, const char *old, int newfd, const char *new)
{
	(void)oldfd;
	(void)old;
	(void)newfd;
	(void)new;
	(void)raise(SIGKILL);
	return -1;
}
