/*
 * A disk that loses what was not synced, fills up, or fails: a preload shim for tests.
 *
 * SQLite and Rust's standard library reach files through the functions below. For every file under YINXIN_SHIM_DIR the shim
 * writes what undoes an operation to YINXIN_SHIM_LOG before it does the operation, and notes each sync after it. Killing
 * the process and undoing what no sync covered is what a power cut does to the disk (`powercut.rs` undoes).
 *
 * What the model knows: a write is durable after fsync or fdatasync of its file; a name (created, renamed, removed) after
 * fsync of its directory. A failed sync leaves everything before it lost for good, as on Linux. Shared memory of a
 * write-ahead index ("-shm") is no state of the disk.
 *
 * YINXIN_SHIM_FAULT names a file that says how the disk behaves now: one word, then optionally a part of the paths that it
 * is true for:
 *   full   a write that makes a file longer, and a new file, fail with ENOSPC
 *   sync   a sync fails with EIO
 *   write  a write fails with EIO
 *   lie    a sync does nothing and says that it did
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 65536
#define MAGIC 0x31435059u /* "YPC1" */

struct head {
    uint32_t magic;
    uint32_t kind;
    uint64_t seq;
    uint64_t inode;
    uint64_t offset;
    uint64_t length;
    uint64_t old_size;
    uint32_t path_length;
    uint32_t data_length;
};

struct file {
    ino_t inode;
    int is_folder;
    char *path;
};

static struct file files[FDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t seq;
static int log_fd = -1;
static const char *folder;
static size_t folder_length;
static const char *fault_path;
static char links[PATH_MAX];

/* How far the log holds whole notes. */
static uint64_t whole_notes(void) {
    struct stat found;
    struct head head;
    uint64_t at = 0;
    if (fstat(log_fd, &found) != 0) return 0;
    while (syscall(SYS_pread64, log_fd, &head, sizeof head, (off_t)at) == (ssize_t)sizeof head && head.magic == MAGIC) {
        uint64_t next = at + sizeof head + head.path_length + head.data_length;
        if (next > (uint64_t)found.st_size) break;
        at = next;
    }
    return at;
}

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("YINXIN_SHIM_LOG");
    fault_path = getenv("YINXIN_SHIM_FAULT");
    folder = getenv("YINXIN_SHIM_DIR");
    if (!log || !folder) {
        folder = NULL;
        return;
    }
    folder_length = strlen(folder);
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    snprintf(links, sizeof links, "%s.links", log);
    mkdir(links, 0700);
    if (log_fd < 0) {
        static const char said[] = "shim: the log cannot be opened\n";
        (void)!syscall(SYS_write, 2, said, sizeof said - 1);
        _exit(97);
    }
    /* A killed process leaves its notes: what it wrote is not on the disk yet. Numbers go on above theirs. The kill may
       have torn the last note; what it announced was not begun. */
    seq = whole_notes();
    (void)!syscall(SYS_ftruncate, log_fd, (off_t)seq);
}

static int below(const char *path) {
    if (!folder || strncmp(path, folder, folder_length) != 0) return 0;
    if (path[folder_length] != '/' && path[folder_length] != 0) return 0;
    size_t length = strlen(path);
    return length < 4 || strcmp(path + length - 4, "-shm") != 0;
}

/* Whether the disk behaves like this for this path now. */
static int fault(const char *word, const char *path) {
    if (!fault_path) return 0;
    char text[256] = {0};
    int fd = (int)syscall(SYS_openat, AT_FDCWD, fault_path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0) return 0;
    ssize_t got = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    if (got <= 0) return 0;
    char *end = text + strcspn(text, " \n");
    char *part = *end == ' ' ? end + 1 : NULL;
    *end = 0;
    if (strcmp(text, word) != 0) return 0;
    if (!part) return 1;
    part[strcspn(part, "\n")] = 0;
    return strstr(path, part) != NULL;
}

static void note(char kind, uint64_t inode, uint64_t offset, uint64_t length, uint64_t old_size, const char *path,
                 size_t path_length, const void *data, size_t data_length) {
    struct head head = {.magic = MAGIC,
                        .kind = (uint32_t)kind,
                        .seq = seq,
                        .inode = inode,
                        .offset = offset,
                        .length = length,
                        .old_size = old_size,
                        .path_length = (uint32_t)path_length,
                        .data_length = (uint32_t)data_length};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)path, path_length}, {(void *)data, data_length}};
    ssize_t whole = (ssize_t)(sizeof head + path_length + data_length);
    if (syscall(SYS_writev, log_fd, parts, 3) != whole) {
        static const char said[] = "shim: the log cannot be written\n";
        (void)!syscall(SYS_write, 2, said, sizeof said - 1);
        _exit(97);
    }
    seq++;
}

/* Notes what `length` bytes from `offset` on are now, as far as the file reaches. */
static void note_bytes(char kind, int fd, ino_t inode, uint64_t offset, uint64_t length, uint64_t size) {
    uint64_t held = offset >= size ? 0 : (size - offset < length ? size - offset : length);
    char *old = held ? malloc(held) : NULL;
    uint64_t have = 0;
    /* The file may be open for writing only: its bytes are read through another descriptor. */
    char own[64];
    snprintf(own, sizeof own, "/proc/self/fd/%d", fd);
    int reader = held ? (int)syscall(SYS_openat, AT_FDCWD, own, O_RDONLY | O_CLOEXEC, 0) : -1;
    while (have < held) {
        ssize_t got = syscall(SYS_pread64, reader, old + have, held - have, (off_t)(offset + have));
        if (got <= 0) break;
        have += (uint64_t)got;
    }
    if (reader >= 0) syscall(SYS_close, reader);
    note(kind, inode, offset, length, size, "", 0, old, have);
    free(old);
}

/* The tracked file behind `fd`; none for sockets and for files elsewhere. */
static struct file *tracked(int fd, struct stat *found) {
    if (fd < 0 || fd >= FDS || !files[fd].path) return NULL;
    if (fstat(fd, found) != 0 || found->st_ino != files[fd].inode) return NULL;
    return &files[fd];
}

static void forget(int fd) {
    if (fd < 0 || fd >= FDS || !files[fd].path) return;
    free(files[fd].path);
    files[fd].path = NULL;
}

static int open_below(int folder_fd, const char *path, int flags, mode_t mode) {
    struct stat before, now;
    pthread_mutex_lock(&lock);
    int existed = fstatat(AT_FDCWD, path, &before, 0) == 0;
    int fd;
    if (!existed && (flags & O_CREAT) && fault("full", path)) {
        errno = ENOSPC;
        fd = -1;
    } else {
        if (existed && (flags & O_TRUNC) && S_ISREG(before.st_mode) && before.st_size > 0) {
            int old = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
            note_bytes('T', old, before.st_ino, 0, (uint64_t)before.st_size, (uint64_t)before.st_size);
            syscall(SYS_close, old);
        }
        fd = (int)syscall(SYS_openat, folder_fd, path, flags, mode);
    }
    if (fd >= 0 && fd < FDS && fstat(fd, &now) == 0) {
        forget(fd);
        files[fd] = (struct file){.inode = now.st_ino, .is_folder = S_ISDIR(now.st_mode), .path = strdup(path)};
        if (!existed) note('C', now.st_ino, 0, 0, 0, path, strlen(path), NULL, 0);
    }
    int reason = errno;
    pthread_mutex_unlock(&lock);
    errno = reason;
    return fd;
}

static int open_any(int folder_fd, const char *path, int flags, mode_t mode) {
    if (below(path)) return open_below(folder_fd, path, flags, mode);
    int fd = (int)syscall(SYS_openat, folder_fd, path, flags, mode);
    if (fd >= 0 && folder) {
        pthread_mutex_lock(&lock);
        forget(fd);
        pthread_mutex_unlock(&lock);
    }
    return fd;
}

#define MODE_OF(flags, last)                                                                                          \
    mode_t mode = 0;                                                                                                  \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                                            \
        va_list rest;                                                                                                 \
        va_start(rest, last);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                  \
        va_end(rest);                                                                                                 \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags, flags)
    return open_any(AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE_OF(flags, flags)
    return open_any(AT_FDCWD, path, flags, mode);
}
int openat(int at, const char *path, int flags, ...) {
    MODE_OF(flags, flags)
    return open_any(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
    MODE_OF(flags, flags)
    return open_any(at, path, flags, mode);
}
int creat(const char *path, mode_t mode) { return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int fd) {
    if (folder) {
        pthread_mutex_lock(&lock);
        forget(fd);
        pthread_mutex_unlock(&lock);
    }
    return (int)syscall(SYS_close, fd);
}

/* One write, noted before it is done; `offset` < 0 means where the file stands. */
static ssize_t write_any(int fd, const struct iovec *parts, int count, off_t offset) {
    struct stat found;
    if (folder) pthread_mutex_lock(&lock);
    struct file *file = folder ? tracked(fd, &found) : NULL;
    ssize_t done = -1;
    if (file) {
        uint64_t length = 0, size = (uint64_t)found.st_size, from = (uint64_t)offset;
        for (int part = 0; part < count; part++) length += parts[part].iov_len;
        if (offset < 0) {
            int flags = fcntl(fd, F_GETFL);
            from = flags & O_APPEND ? size : (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
        }
        if (fault("write", file->path)) {
            errno = EIO;
            goto out;
        }
        if (from + length > size && fault("full", file->path)) {
            errno = ENOSPC;
            goto out;
        }
        note_bytes('W', fd, file->inode, from, length, size);
    }
    done = offset < 0 ? syscall(SYS_writev, fd, parts, count)
                      : syscall(SYS_pwritev, fd, parts, count, (unsigned long)offset, 0ul);
out:;
    int reason = errno;
    if (folder) pthread_mutex_unlock(&lock);
    errno = reason;
    return done;
}

/* A descriptor that is no tracked file must not wait for the lock: it may be a socket that blocks. */
static int is_plain(int fd) { return !folder || fd < 0 || fd >= FDS || !files[fd].path; }

ssize_t write(int fd, const void *bytes, size_t length) {
    if (is_plain(fd)) return syscall(SYS_write, fd, bytes, length);
    struct iovec part = {(void *)bytes, length};
    return write_any(fd, &part, 1, -1);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
    if (is_plain(fd)) return syscall(SYS_pwrite64, fd, bytes, length, offset);
    struct iovec part = {(void *)bytes, length};
    return write_any(fd, &part, 1, offset);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off_t offset) { return pwrite(fd, bytes, length, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (is_plain(fd)) return syscall(SYS_writev, fd, parts, count);
    return write_any(fd, parts, count, -1);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    if (is_plain(fd)) return syscall(SYS_pwritev, fd, parts, count, (unsigned long)offset, 0ul);
    return write_any(fd, parts, count, offset);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off_t offset) {
    return pwritev(fd, parts, count, offset);
}

static int sync_any(int fd, long how) {
    struct stat found;
    if (is_plain(fd)) return (int)syscall(how, fd);
    pthread_mutex_lock(&lock);
    struct file *file = tracked(fd, &found);
    if (!file) {
        pthread_mutex_unlock(&lock);
        return (int)syscall(how, fd);
    }
    /* What was written before the sync began is covered, no more. */
    uint64_t covered = seq;
    ino_t inode = file->inode;
    int is_folder = file->is_folder;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", file->path);
    int fails = fault("sync", path), lies = fault("lie", path);
    if (fails) note('F', inode, covered, 0, 0, "", 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    if (fails) {
        errno = EIO;
        return -1;
    }
    if (lies) return 0;
    int done = (int)syscall(how, fd);
    if (done != 0) return done;
    pthread_mutex_lock(&lock);
    note(is_folder ? 'D' : 'S', inode, covered, 0, 0, path, is_folder ? strlen(path) : 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    return 0;
}
int fsync(int fd) { return sync_any(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_any(fd, SYS_fdatasync); }

int ftruncate(int fd, off_t length) {
    struct stat found;
    if (is_plain(fd)) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    struct file *file = tracked(fd, &found);
    int done = -1;
    if (file && length > found.st_size && fault("full", file->path)) {
        errno = ENOSPC;
    } else {
        if (file && length != found.st_size) {
            uint64_t size = (uint64_t)found.st_size, cut = size > (uint64_t)length ? size - (uint64_t)length : 0;
            note_bytes('T', fd, file->inode, (uint64_t)length, cut, size);
        }
        done = (int)syscall(SYS_ftruncate, fd, length);
    }
    int reason = errno;
    pthread_mutex_unlock(&lock);
    errno = reason;
    return done;
}
int ftruncate64(int fd, off_t length) { return ftruncate(fd, length); }

/* Keeps what stands at `path` under the number of the note that follows. */
static ino_t keep(const char *path) {
    struct stat found;
    char kept[PATH_MAX + 32];
    if (fstatat(AT_FDCWD, path, &found, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(found.st_mode)) return 0;
    snprintf(kept, sizeof kept, "%s/%llu", links, (unsigned long long)seq);
    return syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, kept, 0) == 0 ? found.st_ino : 0;
}

static int unlink_any(int at, const char *path, int flags) {
    if (!below(path) || (flags & AT_REMOVEDIR)) return (int)syscall(SYS_unlinkat, at, path, flags);
    pthread_mutex_lock(&lock);
    ino_t inode = keep(path);
    if (inode) note('U', inode, 0, 0, 0, path, strlen(path), NULL, 0);
    int done = (int)syscall(SYS_unlinkat, at, path, flags);
    int reason = errno;
    pthread_mutex_unlock(&lock);
    errno = reason;
    return done;
}
int unlink(const char *path) { return unlink_any(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return unlink_any(at, path, flags); }

static int rename_any(const char *from, const char *to) {
    if (!below(from)) return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    struct stat found;
    pthread_mutex_lock(&lock);
    ino_t replaced = keep(to);
    ino_t inode = fstatat(AT_FDCWD, from, &found, AT_SYMLINK_NOFOLLOW) == 0 ? found.st_ino : 0;
    note('R', inode, replaced, 0, 0, from, strlen(from), to, strlen(to));
    int done = (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    int reason = errno;
    pthread_mutex_unlock(&lock);
    errno = reason;
    return done;
}
int rename(const char *from, const char *to) { return rename_any(from, to); }
