/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <signal.h>

#define STACK_BYTES (512 * 1024) /* musl's own 128 KiB are scarce for libcurl with TLS */

int thread_start(pthread_t *ret, void *(*body)(void *), void *userdata)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(ret, &attributes, body, userdata);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -r;
}
