/* A disk that can be looked at after power loss: loaded before the C library (LD_PRELOAD), it writes down what a program
 * does to the files below one folder, with the bytes, in one order for all processes; it fails what it is told to fail,
 * stands still when the power is cut, and moves the clock. Nothing is really synced: what would have reached the disk is
 * worked out from what was written down (disk.rs).
 *
 * DISK_FOLDER: the folder. DISK_CONTROL: a file of one page, shared by all, laid out as `struct control`; the files written
 * down lie beside it, one per process. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE, SYNC, SYNC_LOST, OPEN, RENAME, UNLINK, LINK, SYNC_FOLDER };
enum { MOST_FILES = 4096, MOST_RULES = 16 };
/* How a call fails. A sync that fails plainly does as Linux does: what was written counts as clean afterwards and never
 * reaches the disk; one that is half done leaves it as it was, to be synced later. */
enum { PLAINLY, HALF_DONE, DONE_ALL_THE_SAME, SAYS_IT_IS_DONE };

struct rule {
    uint32_t calls, files;       /* bits: 1 << kind of call, kinds of file */
    uint32_t first, end;         /* which of the calls that fit, counted from 0 */
    uint32_t error, how;
    _Atomic uint32_t count;
    uint32_t unused;
};

struct control {
    _Atomic uint64_t next;       /* the number of the next record */
    _Atomic uint32_t is_cut;     /* the power: nothing goes on */
    _Atomic int32_t in_flight;
    _Atomic int64_t clock_ms;    /* how far the clock is wrong */
    _Atomic uint32_t failures;   /* how many calls were failed */
    uint32_t rules;
    struct rule rule[MOST_RULES];
};

struct record {
    uint64_t number, file, offset;
    uint32_t length;
    uint16_t path, other_path;
    uint8_t call, unused[7];
};

struct open_file {
    uint64_t file;               /* 0: not one of ours */
    uint32_t kind;
    int is_folder;
};

static struct control *control;
static struct control nobody;
static const char *folder;
static size_t folder_length;
static int record_to = -1;
static struct open_file open_files[MOST_FILES];
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    control = &nobody;
    const char *path = getenv("DISK_CONTROL"), *below = getenv("DISK_FOLDER");
    if (!path || !below) return;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    void *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (page == MAP_FAILED) return;
    char name[4096];
    snprintf(name, sizeof name, "%s.%d", path, (int)getpid());
    record_to = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (record_to < 0) return;
    control = page;
    folder_length = strlen(below);
    folder = below;
}

/* The path below the folder, or NULL; "" is the folder itself. */
static const char *ours(const char *path) {
    if (!folder || !path || strncmp(path, folder, folder_length) != 0) return NULL;
    if (path[folder_length] == 0) return path + folder_length;
    return path[folder_length] == '/' ? path + folder_length + 1 : NULL;
}

static int ends_with(const char *path, const char *end) {
    size_t length = strlen(path), ending = strlen(end);
    return length >= ending && strcmp(path + length - ending, end) == 0;
}

/* The index of the write-ahead log is worth nothing after power loss. */
static int is_of_no_matter(const char *path) { return ends_with(path, "-shm"); }

static uint32_t kind_of(const char *path) {
    if (ends_with(path, "-wal")) return 2;
    if (strncmp(path, "spool", 5) == 0) return 4;
    if (strstr(path, "fernamt-routes")) return 8;
    if (strncmp(path, "copies", 6) == 0) return 16;
    if (strcmp(path, "fernamt.db") == 0) return 1;
    return 64;
}

static void enter(void) {
    for (;;) {
        atomic_fetch_add(&control->in_flight, 1);
        if (!atomic_load(&control->is_cut)) break;
        atomic_fetch_sub(&control->in_flight, 1);
        struct timespec moment = {0, 2000000};
        nanosleep(&moment, NULL);
    }
    pthread_mutex_lock(&one_at_a_time);
}

static void leave(void) {
    int error = errno;
    pthread_mutex_unlock(&one_at_a_time);
    atomic_fetch_sub(&control->in_flight, 1);
    errno = error;
}

static void put(const void *bytes, size_t length) {
    for (const char *at = bytes; length > 0;) {
        ssize_t written = syscall(SYS_write, record_to, at, length);
        if (written <= 0) abort();
        at += written;
        length -= written;
    }
}

static void write_down(int call, uint64_t file, uint64_t offset, const char *path, const char *other, const void *data,
                       size_t length) {
    int error = errno;
    struct record record = {
        .file = file, .offset = offset, .length = length, .call = call,
        .path = path ? strlen(path) : 0, .other_path = other ? strlen(other) : 0,
    };
    record.number = atomic_fetch_add(&control->next, 1);
    put(&record, sizeof record);
    put(path, record.path);
    put(other, record.other_path);
    put(data, length);
    errno = error;
}

/* The rule after which this call fails, or NULL. */
static struct rule *failing(int call, uint32_t kind) {
    struct rule *found = NULL;
    for (uint32_t at = 0; at < control->rules && at < MOST_RULES; at++) {
        struct rule *rule = &control->rule[at];
        if (!(rule->calls & 1u << call) || !(rule->files & kind)) continue;
        uint32_t count = atomic_fetch_add(&rule->count, 1);
        if (!found && count >= rule->first && count < rule->end) found = rule;
    }
    if (found) atomic_fetch_add(&control->failures, 1);
    return found;
}

static struct open_file *known(int fd) {
    return fd >= 0 && fd < MOST_FILES && open_files[fd].file ? &open_files[fd] : NULL;
}

static int open_at(int at, const char *path, int flags, mode_t mode) {
    const char *name = at == AT_FDCWD || (path && path[0] == '/') ? ours(path) : NULL;
    if (!name || is_of_no_matter(name)) {
        int fd = syscall(SYS_openat, at, path, flags, mode);
        if (fd >= 0 && fd < MOST_FILES) open_files[fd].file = 0;
        return fd;
    }
    enter();
    int fd = -1;
    struct rule *rule = flags & O_CREAT ? failing(OPEN, kind_of(name)) : NULL;
    if (rule) {
        errno = rule->error;
    } else {
        fd = syscall(SYS_openat, at, path, flags, mode);
    }
    struct stat stat;
    if (fd >= 0 && fd < MOST_FILES && fstat(fd, &stat) == 0) {
        open_files[fd] = (struct open_file){stat.st_ino, S_ISDIR(stat.st_mode) ? 32 : kind_of(name), S_ISDIR(stat.st_mode)};
        write_down(OPEN, stat.st_ino, 0, name, NULL, NULL, 0);
        if (S_ISREG(stat.st_mode) && flags & O_TRUNC) write_down(TRUNCATE, stat.st_ino, 0, NULL, NULL, NULL, 0);
    }
    leave();
    return fd;
}

static mode_t mode_of(int flags, va_list more) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; }

#define OPENS(name, parameters, at)                  \
    int name parameters {                            \
        va_list more;                                \
        va_start(more, flags);                       \
        mode_t mode = mode_of(flags, more);          \
        va_end(more);                                \
        return open_at(at, path, flags, mode);       \
    }
OPENS(open, (const char *path, int flags, ...), AT_FDCWD)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD)
OPENS(openat, (int at, const char *path, int flags, ...), at)
OPENS(openat64, (int at, const char *path, int flags, ...), at)
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int fd) {
    if (fd >= 0 && fd < MOST_FILES) open_files[fd].file = 0;
    return syscall(SYS_close, fd);
}

/* At an offset, or where the file is with -1. */
static ssize_t write_at(int fd, const void *data, size_t length, off_t offset) {
    struct open_file *file = known(fd);
    if (!file) return offset < 0 ? syscall(SYS_write, fd, data, length) : syscall(SYS_pwrite64, fd, data, length, offset);
    enter();
    struct rule *rule = failing(WRITE, file->kind);
    size_t wanted = !rule ? length : rule->how == HALF_DONE ? length / 2 : 0;
    ssize_t written = 0;
    if (wanted > 0 || !rule) {
        written = offset < 0 ? syscall(SYS_write, fd, data, wanted) : syscall(SYS_pwrite64, fd, data, wanted, offset);
    }
    if (written > 0) {
        /* Afterwards, because a file may be open for appending. */
        off_t at = offset < 0 ? (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR) - written : offset;
        write_down(WRITE, file->file, at, NULL, NULL, data, written);
    }
    if (rule) {
        errno = rule->error;
        written = -1;
    }
    leave();
    return written;
}

ssize_t write(int fd, const void *data, size_t length) { return write_at(fd, data, length, -1); }
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return write_at(fd, data, length, at); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) { return write_at(fd, data, length, at); }

ssize_t writev(int fd, const struct iovec *parts, int count) {
    if (!known(fd)) return syscall(SYS_writev, fd, parts, count);
    /* Less than everything is a right answer. */
    for (int part = 0; part < count; part++) {
        if (parts[part].iov_len > 0) return write_at(fd, parts[part].iov_base, parts[part].iov_len, -1);
    }
    return 0;
}

int ftruncate(int fd, off_t length) {
    struct open_file *file = known(fd);
    if (!file) return syscall(SYS_ftruncate, fd, length);
    enter();
    struct rule *rule = failing(TRUNCATE, file->kind);
    int result = -1;
    if (rule) {
        errno = rule->error;
    } else if ((result = syscall(SYS_ftruncate, fd, length)) == 0) {
        write_down(TRUNCATE, file->file, length, NULL, NULL, NULL, 0);
    }
    leave();
    return result;
}
int ftruncate64(int fd, off64_t length) { return ftruncate(fd, length); }

int fsync(int fd) {
    struct open_file *file = known(fd);
    if (!file) return syscall(SYS_fsync, fd);
    enter();
    int call = file->is_folder ? SYNC_FOLDER : SYNC, result = 0;
    struct rule *rule = failing(call, file->kind);
    if (!rule || rule->how == DONE_ALL_THE_SAME) {
        write_down(call, file->file, 0, NULL, NULL, NULL, 0);
    } else if (rule->how == PLAINLY && !file->is_folder) {
        write_down(SYNC_LOST, file->file, 0, NULL, NULL, NULL, 0);
    }
    if (rule && rule->how != SAYS_IT_IS_DONE) {
        errno = rule->error;
        result = -1;
    }
    leave();
    return result;
}
int fdatasync(int fd) { return known(fd) ? fsync(fd) : syscall(SYS_fdatasync, fd); }

/* Both names are in the folder, or neither. */
static int name_changes(int call, const char *path, const char *other, long (*change)(const char *, const char *)) {
    const char *name = ours(path), *other_name = other ? ours(other) : NULL;
    if (!name || is_of_no_matter(name) || (other && !other_name)) return change(path, other);
    enter();
    struct rule *rule = failing(call, kind_of(other ? other_name : name));
    int result = -1;
    if (rule) {
        errno = rule->error;
    } else if ((result = change(path, other)) == 0) {
        write_down(call, 0, 0, name, other_name, NULL, 0);
    }
    leave();
    return result;
}

static long renames(const char *from, const char *to) { return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0); }
static long unlinks(const char *path, const char *none) { (void)none; return syscall(SYS_unlinkat, AT_FDCWD, path, 0); }
static long links(const char *from, const char *to) { return syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0); }

int rename(const char *from, const char *to) { return name_changes(RENAME, from, to, renames); }
int unlink(const char *path) { return name_changes(UNLINK, path, NULL, unlinks); }
int link(const char *from, const char *to) { return name_changes(LINK, from, to, links); }
int renameat(int a, const char *from, int b, const char *to) {
    if (a == AT_FDCWD && b == AT_FDCWD) return rename(from, to);
    return syscall(SYS_renameat2, a, from, b, to, 0);
}
int unlinkat(int at, const char *path, int flags) {
    if (flags == 0 && (at == AT_FDCWD || path[0] == '/')) return unlink(path);
    return syscall(SYS_unlinkat, at, path, flags);
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    if (a == AT_FDCWD && b == AT_FDCWD && flags == 0) return link(from, to);
    return syscall(SYS_linkat, a, from, b, to, flags);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t wrong = control ? atomic_load(&control->clock_ms) : 0;
        time->tv_sec += wrong / 1000;
    }
    return result;
}
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *seconds) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds) *seconds = now.tv_sec;
    return now.tv_sec;
}
