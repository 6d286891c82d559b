/* A disk that fails when it is told to: preloaded into a process, it answers the n-th call of some kinds with an error.

   MBOX_FAULTS_BELOW    only calls on paths below this folder count
   MBOX_FAULTS_CONTROL  a file of at least 64 bytes that is shared with the test: see `struct control`
   MBOX_FAULTS_TRACE    a file to which what reached the disk is appended while `control.tracing` is set

   Not covered: memory that is mapped onto files, and calls of kinds that are not listed here. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, SYNC = 2, OPEN = 4, RENAME = 8, TRUNCATE = 16, UNLINK = 32, READ = 64 };

struct control {
    int32_t kinds;   /* which calls count, a sum of `enum kind`; 0: none */
    int32_t nth;     /* the first one that fails, from 1 */
    int32_t error;   /* errno; 0: a write or a read that is cut in half and succeeds */
    int32_t sticky;  /* all from the n-th on fail */
    int32_t seen;    /* counted so far */
    int32_t failed;  /* made to fail so far */
    int32_t tracing;
};

struct record {
    uint32_t operation, path_length;
    uint64_t offset, length;
};

static struct control *control;
static const char *below, *trace_path;
static size_t below_length;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER; /* calls happen in the order in which they are traced */

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

static void hold(void) { pthread_mutex_lock(&turn); }
static void release(void) { pthread_mutex_unlock(&turn); }

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("MBOX_FAULTS_CONTROL");
    below = getenv("MBOX_FAULTS_BELOW");
    trace_path = getenv("MBOX_FAULTS_TRACE");
    if (path == NULL || below == NULL) return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    void *shared = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (shared == MAP_FAILED) return;
    below_length = strlen(below);
    pthread_atfork(hold, release, release);
    control = shared;
}

static int watched(const char *path) {
    return strncmp(path, below, below_length) == 0 && (path[below_length] == '/' || path[below_length] == 0);
}

static int at_path(int folder, const char *path, char *found) {
    if (control == NULL || path == NULL) return 0;
    if (path[0] == '/') return snprintf(found, PATH_MAX, "%s", path) < PATH_MAX && watched(found);
    char link[64], base[PATH_MAX];
    snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
    ssize_t length = readlink(link, base, sizeof base - 1);
    if (length < 0) return 0;
    base[length] = 0;
    return snprintf(found, PATH_MAX, "%s/%s", base, path) < PATH_MAX && watched(found);
}

static int at_fd(int fd, char *found) {
    if (control == NULL || fd < 0) return 0;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, found, PATH_MAX - 1);
    if (length < 0) return 0;
    found[length] = 0;
    return watched(found);
}

/* -1: go on; otherwise the error of this call, 0 for a short one. */
static int fate(enum kind kind) {
    if (!(control->kinds & kind)) return -1;
    int seen = ++control->seen;
    if (control->sticky ? seen < control->nth : seen != control->nth) return -1;
    if (control->error == 0 && !(kind & (WRITE | READ))) return -1;
    control->failed++;
    return control->error;
}

static void trace(char operation, const char *path, uint64_t offset, const void *data, uint64_t length) {
    if (trace_path == NULL || !control->tracing) return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, trace_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    struct record head = {(uint32_t)operation, (uint32_t)strlen(path), offset, length};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)path, head.path_length}, {(void *)data, length}};
    syscall(SYS_writev, fd, parts, data == NULL ? 2 : 3);
    syscall(SYS_close, fd);
}

static ssize_t written(int fd, const void *data, size_t count, off_t at, int positioned) {
    char path[PATH_MAX];
    if (!at_fd(fd, path))
        return positioned ? REAL(pwrite64)(fd, data, count, at) : REAL(write)(fd, data, count);
    hold();
    int error = fate(WRITE);
    ssize_t done = -1;
    if (error > 0) {
        errno = error;
    } else {
        if (error == 0 && count > 1) count /= 2;
        if (!positioned) at = lseek(fd, 0, fcntl(fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
        done = positioned ? REAL(pwrite64)(fd, data, count, at) : REAL(write)(fd, data, count);
        int kept = errno;
        if (done > 0) trace('W', path, (uint64_t)at, data, (uint64_t)done);
        errno = kept;
    }
    int kept = errno;
    release();
    errno = kept;
    return done;
}

ssize_t write(int fd, const void *data, size_t count) { return written(fd, data, count, 0, 0); }
ssize_t pwrite(int fd, const void *data, size_t count, off_t at) { return written(fd, data, count, at, 1); }
ssize_t pwrite64(int fd, const void *data, size_t count, off64_t at) { return written(fd, data, count, at, 1); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (!at_fd(fd, path)) return REAL(writev)(fd, parts, count);
    ssize_t total = 0; /* one after the other, each a call that may fail */
    for (int i = 0; i < count; i++) {
        ssize_t done = written(fd, parts[i].iov_base, parts[i].iov_len, 0, 0);
        if (done < 0) return total > 0 ? total : done;
        total += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return total;
}

static ssize_t taken(int fd, void *data, size_t count, off_t at, int positioned) {
    char path[PATH_MAX];
    if (control != NULL && (control->kinds & READ) && at_fd(fd, path)) {
        hold();
        int error = fate(READ);
        release();
        if (error > 0) {
            errno = error;
            return -1;
        }
        if (error == 0 && count > 1) count /= 2;
    }
    return positioned ? REAL(pread64)(fd, data, count, at) : REAL(read)(fd, data, count);
}

ssize_t read(int fd, void *data, size_t count) { return taken(fd, data, count, 0, 0); }
ssize_t pread(int fd, void *data, size_t count, off_t at) { return taken(fd, data, count, at, 1); }
ssize_t pread64(int fd, void *data, size_t count, off64_t at) { return taken(fd, data, count, at, 1); }

static int synced(int fd, int (*call)(int)) {
    char path[PATH_MAX];
    if (!at_fd(fd, path)) return call(fd);
    hold();
    int error = fate(SYNC), result = -1;
    if (error <= 0) {
        result = call(fd);
        error = errno;
    }
    if (result == 0 || error != EINTR) trace(result == 0 ? 'S' : 'F', path, 0, NULL, 0);
    release();
    errno = error;
    return result;
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

static int cut(int fd, off_t length) {
    char path[PATH_MAX];
    if (!at_fd(fd, path)) return REAL(ftruncate64)(fd, length);
    hold();
    int error = fate(TRUNCATE), result = -1;
    if (error <= 0) {
        result = REAL(ftruncate64)(fd, length);
        error = errno;
        if (result == 0) trace('T', path, (uint64_t)length, NULL, 0);
    }
    release();
    errno = error;
    return result;
}

int ftruncate(int fd, off_t length) { return cut(fd, length); }
int ftruncate64(int fd, off64_t length) { return cut(fd, length); }

static int opened(int folder, const char *path, int flags, mode_t mode) {
    char found[PATH_MAX];
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    if (!writes || !at_path(folder, path, found)) return REAL(openat64)(folder, path, flags, mode);
    hold();
    int error = fate(OPEN), result = -1;
    if (error <= 0) {
        struct stat before;
        int is_new = (flags & O_CREAT) && fstatat(folder, path, &before, 0) != 0;
        result = REAL(openat64)(folder, path, flags, mode);
        error = errno;
        if (result >= 0 && is_new) trace('C', found, 0, NULL, 0);
        if (result >= 0 && !is_new && (flags & O_TRUNC)) trace('T', found, 0, NULL, 0);
    }
    release();
    errno = error;
    return result;
}

static mode_t mode_of(int flags, va_list rest) { return (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0; }

#define OPENS(name, parameters, folder)                                                                                \
    int name parameters {                                                                                              \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = mode_of(flags, rest);                                                                            \
        va_end(rest);                                                                                                  \
        return opened(folder, path, flags, mode);                                                                      \
    }

OPENS(open, (const char *path, int flags, ...), AT_FDCWD)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD)
OPENS(openat, (int folder, const char *path, int flags, ...), folder)
OPENS(openat64, (int folder, const char *path, int flags, ...), folder)

int mkdir(const char *path, mode_t mode) {
    char found[PATH_MAX];
    if (!at_path(AT_FDCWD, path, found)) return REAL(mkdir)(path, mode);
    hold();
    int error = fate(OPEN), result = -1;
    if (error <= 0) {
        result = REAL(mkdir)(path, mode);
        error = errno;
        if (result == 0) trace('M', found, 0, NULL, 0);
    }
    release();
    errno = error;
    return result;
}

static int named(const char *from, const char *to, char operation, int (*call)(const char *, const char *)) {
    char old[PATH_MAX] = "", new[PATH_MAX];
    int is_symlink = operation == 'Y'; /* its target is text */
    if (!at_path(AT_FDCWD, to, new) || (!is_symlink && !at_path(AT_FDCWD, from, old))) return call(from, to);
    hold();
    int error = fate(RENAME), result = -1;
    if (error <= 0) {
        result = call(from, to);
        error = errno;
        if (result == 0) trace(operation, new, 0, is_symlink ? from : old, strlen(is_symlink ? from : old));
    }
    release();
    errno = error;
    return result;
}

int rename(const char *from, const char *to) { return named(from, to, 'R', REAL(rename)); }
int link(const char *from, const char *to) { return named(from, to, 'L', REAL(link)); }
int symlink(const char *from, const char *to) { return named(from, to, 'Y', REAL(symlink)); }

static int removed(int folder, const char *path, int flags) {
    char found[PATH_MAX];
    if (!at_path(folder, path, found)) return REAL(unlinkat)(folder, path, flags);
    hold();
    int error = fate(UNLINK), result = -1;
    if (error <= 0) {
        result = REAL(unlinkat)(folder, path, flags);
        error = errno;
        if (result == 0) trace('U', found, 0, NULL, 0);
    }
    release();
    errno = error;
    return result;
}

int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return removed(folder, path, flags); }
