/* Makes the n-th change to a file below a folder go wrong, in whichever process of a command it comes; for LD_PRELOAD.
 *
 * FAULT_UNDER    the folder
 * FAULT_COUNTER  a file of 8 bytes, shared by all processes: how many changes there were
 * FAULT_AT       which change goes wrong, counted from 1; 0 for none
 * FAULT_HOW      "kill" ends the process group; a number is an errno
 * FAULT_LASTS    set: every later change goes wrong as well, but for those that free room
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char under[PATH_MAX];
static size_t length;
static volatile uint64_t *counter;
static uint64_t at;
static int error, lasts;

__attribute__((constructor)) static void begin(void)
{
    const char *place = getenv("FAULT_UNDER"), *shared = getenv("FAULT_COUNTER"), *which = getenv("FAULT_AT"), *how = getenv("FAULT_HOW");
    int handle;
    if (!place || !shared || !which || !how || !realpath(place, under))
        return;
    length = strlen(under);
    at = strtoull(which, NULL, 10);
    error = strcmp(how, "kill") ? atoi(how) : 0;
    lasts = getenv("FAULT_LASTS") != NULL;
    handle = (int) open(shared, O_RDWR | O_CLOEXEC);
    if (handle < 0)
        return;
    void *page = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, handle, 0);
    close(handle);
    counter = page == MAP_FAILED ? NULL : page;
}

static int below(const char *path)
{
    return !strncmp(path, under, length) && (path[length] == '/' || !path[length]);
}

/* A relative name counts from a folder that a handle stands for. */
static int concerns(int folder, const char *path)
{
    char link[64], base[PATH_MAX];
    ssize_t size;
    if (path && path[0] == '/')
        return below(path);
    if (folder == AT_FDCWD)
        return getcwd(base, sizeof base) && below(base);
    snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    size = readlink(link, base, sizeof base - 1);
    if (size < 0)
        return 0;
    base[size] = 0;
    return below(base);
}

/* Whether this change goes wrong. */
static int fails(int folder, const char *path, int frees)
{
    int before = errno;
    uint64_t now;
    if (!counter || !concerns(folder, path)) {
        errno = before;
        return 0;
    }
    now = __sync_add_and_fetch(counter, 1);
    errno = before;
    if (!at || now < at || (now > at && (!lasts || frees)))
        return 0;
    if (!error)
        kill(0, SIGKILL);
    if (now == at && lasts && frees)
        return 0;
    errno = error;
    return 1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) \
        *(void **) &real = dlsym(RTLD_NEXT, #name)

#define ON_A_HANDLE(type, name, parameters, arguments, ...) \
    type name parameters \
    { \
        REAL(type, name, __VA_ARGS__); \
        return fails(handle, NULL, 0) ? (type) -1 : real arguments; \
    }

ON_A_HANDLE(ssize_t, write, (int handle, const void *data, size_t size), (handle, data, size), int, const void *, size_t)
ON_A_HANDLE(ssize_t, writev, (int handle, const struct iovec *parts, int count), (handle, parts, count), int, const struct iovec *, int)
ON_A_HANDLE(ssize_t, pwrite, (int handle, const void *data, size_t size, off_t to), (handle, data, size, to), int, const void *, size_t, off_t)
ON_A_HANDLE(ssize_t, pwrite64, (int handle, const void *data, size_t size, off64_t to), (handle, data, size, to), int, const void *, size_t, off64_t)
ON_A_HANDLE(int, fsync, (int handle), (handle), int)
ON_A_HANDLE(int, fdatasync, (int handle), (handle), int)
ON_A_HANDLE(int, ftruncate, (int handle, off_t size), (handle, size), int, off_t)
ON_A_HANDLE(int, ftruncate64, (int handle, off64_t size), (handle, size), int, off64_t)

/* These two return what went wrong, and leave errno alone. */
int posix_fallocate(int handle, off_t from, off_t size)
{
    REAL(int, posix_fallocate, int, off_t, off_t);
    return fails(handle, NULL, 0) ? errno : real(handle, from, size);
}

int posix_fallocate64(int handle, off64_t from, off64_t size)
{
    REAL(int, posix_fallocate64, int, off64_t, off64_t);
    return fails(handle, NULL, 0) ? errno : real(handle, from, size);
}

#define ON_A_PATH(name, frees, folder, path, parameters, arguments, ...) \
    int name parameters \
    { \
        REAL(int, name, __VA_ARGS__); \
        return fails(folder, path, frees) ? -1 : real arguments; \
    }

ON_A_PATH(rename, 0, AT_FDCWD, new, (const char *old, const char *new), (old, new), const char *, const char *)
ON_A_PATH(renameat, 0, to, new, (int from, const char *old, int to, const char *new), (from, old, to, new), int, const char *, int, const char *)
ON_A_PATH(renameat2, 0, to, new, (int from, const char *old, int to, const char *new, unsigned flags), (from, old, to, new, flags), int, const char *, int, const char *, unsigned)
ON_A_PATH(link, 0, AT_FDCWD, new, (const char *old, const char *new), (old, new), const char *, const char *)
ON_A_PATH(symlink, 0, AT_FDCWD, new, (const char *old, const char *new), (old, new), const char *, const char *)
ON_A_PATH(mkdir, 0, AT_FDCWD, path, (const char *path, mode_t mode), (path, mode), const char *, mode_t)
ON_A_PATH(unlink, 1, AT_FDCWD, path, (const char *path), (path), const char *)
ON_A_PATH(unlinkat, 1, folder, path, (int folder, const char *path, int flags), (folder, path, flags), int, const char *, int)
ON_A_PATH(rmdir, 1, AT_FDCWD, path, (const char *path), (path), const char *)

/* Opening is a change where it makes a file or empties one. */
#define OPENS(name, folder, parameters, arguments, ...) \
    int name parameters \
    { \
        mode_t mode = 0; \
        REAL(int, name, __VA_ARGS__); \
        if (flags & (O_CREAT | __O_TMPFILE)) { \
            va_list more; \
            va_start(more, flags); \
            mode = va_arg(more, mode_t); \
            va_end(more); \
        } \
        return (flags & (O_CREAT | O_TRUNC)) && fails(folder, path, 0) ? -1 : real arguments; \
    }

OPENS(open, AT_FDCWD, (const char *path, int flags, ...), (path, flags, mode), const char *, int, ...)
OPENS(open64, AT_FDCWD, (const char *path, int flags, ...), (path, flags, mode), const char *, int, ...)
OPENS(openat, folder, (int folder, const char *path, int flags, ...), (folder, path, flags, mode), int, const char *, int, ...)
OPENS(openat64, folder, (int folder, const char *path, int flags, ...), (folder, path, flags, mode), int, const char *, int, ...)
