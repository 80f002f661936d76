/*
 * stubs.c: closes what libetpan's unused halves leave open when it is linked
 * statically: SASL and mail locking, which are never called here.
 */
int sasl_client_init(void *);
int sasl_client_new(void);
int sasl_client_start(void);
int sasl_client_step(void);
int sasl_decode64(void);
int sasl_encode64(void);
void sasl_dispose(void *);
int lockfile_create(void);
int lockfile_remove(void);

int
sasl_client_init(void *callbacks)
{
	(void)callbacks;
	return -1;
}

int
sasl_client_new(void)
{
	return -1;
}

int
sasl_client_start(void)
{
	return -1;
}

int
sasl_client_step(void)
{
	return -1;
}

int
sasl_decode64(void)
{
	return -1;
}

int
sasl_encode64(void)
{
	return -1;
}

void
sasl_dispose(void *conn)
{
	(void)conn;
}

int
lockfile_create(void)
{
	return -1;
}

int
lockfile_remove(void)
{
	return -1;
}
