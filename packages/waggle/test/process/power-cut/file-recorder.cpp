// Preloaded into a process (LD_PRELOAD): writes down what it does to the files of one folder, with contents, in
// the order in which it happens, so that the files can be built again as a loss of power could have left them.
// Built by record-store.ts, read by file-trace.ts.
//
// Environment: FILE_RECORDER_FOLDER, an absolute path; files directly in it are recorded, except shared memory
// (`-shm`), which no power cut leaves behind. FILE_RECORDER_TRACE: where to write, outside that folder.
//
// A record: kind, file number, offset, length of the data, each as a little-endian u64, then the data.
// One lock is held from before each call until it is written down: the order of the records is the order of the
// calls, and nothing happens to a recorded file while another call on one is under way.

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

enum Kind : uint64_t { Create = 1, Write, Truncate, Sync, SyncFolder, Unlink, Rename };

/** File number of the folder itself. */
constexpr uint64_t FOLDER = 0;

struct Recorder {
  std::mutex lock;
  std::string folder;
  int trace = -1;
  uint64_t next = FOLDER + 1;
  /** Numbers of the files that are there now, by path. */
  std::map<std::string, uint64_t> files;
  /** Numbers of the files behind open descriptors. */
  std::map<int, uint64_t> open;
};

template <typename F> F real(const char *name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

/** A recording with a hole proves nothing. */
[[noreturn]] void fail(const char *what, const char *detail) {
  dprintf(2, "file recorder: %s: %s\n", what, detail);
  _exit(97);
}

Recorder &recorder() {
  // Never destroyed: files are closed after the destructors have run.
  static Recorder &only = *[] {
    auto *made = new Recorder();
    const char *folder = getenv("FILE_RECORDER_FOLDER");
    const char *trace = getenv("FILE_RECORDER_TRACE");
    if (folder == nullptr || trace == nullptr) fail("environment", "folder or trace is missing");
    made->folder = folder;
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    made->trace = real<int (*)(const char *, int, ...)>("open")(trace, flags, 0600);
    if (made->trace < 0) fail("cannot open the trace", strerror(errno));
    return made;
  }();
  return only;
}

bool isRecorded(const std::string &path) {
  const std::string &folder = recorder().folder;
  if (path.size() <= folder.size() + 1 || path.compare(0, folder.size(), folder) != 0) return false;
  if (path[folder.size()] != '/' || path.find('/', folder.size() + 1) != std::string::npos) return false;
  return path.size() < 4 || path.compare(path.size() - 4, 4, "-shm") != 0;
}

void note(Kind kind, uint64_t file, uint64_t offset, const void *data, size_t length) {
  static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
  const uint64_t head[4] = {kind, file, offset, length};
  std::string record(reinterpret_cast<const char *>(head), sizeof head);
  record.append(static_cast<const char *>(data), length);
  const auto write = real<ssize_t (*)(int, const void *, size_t)>("write");
  for (size_t at = 0; at < record.size();) {
    const ssize_t written = write(recorder().trace, record.data() + at, record.size() - at);
    if (written < 0 && errno != EINTR) fail("cannot write the trace", strerror(errno));
    if (written > 0) at += static_cast<size_t>(written);
  }
}

void note(Kind kind, uint64_t file, uint64_t offset, const std::string &data) {
  note(kind, file, offset, data.data(), data.size());
}

/** The number behind a descriptor; false if it is not recorded. */
bool isOpen(int fd, uint64_t &file) {
  const auto found = recorder().open.find(fd);
  if (found == recorder().open.end()) return false;
  file = found->second;
  return true;
}

struct Guard {
  std::lock_guard<std::mutex> held{recorder().lock};
};

int openRecorded(int (*call)(const char *, int, ...), const char *path, int flags, mode_t mode) {
  const bool records = isRecorded(path);
  if (!records && recorder().folder != path) return call(path, flags, mode);
  Guard guard;
  struct stat before {};
  const bool isThere = stat(path, &before) == 0;
  const int fd = call(path, flags, mode);
  if (fd < 0) return fd;
  if (!records) {
    recorder().open[fd] = FOLDER;
    return fd;
  }
  if (!isThere) {
    recorder().files[path] = recorder().next;
    note(Create, recorder().next++, 0, path);
  }
  const auto found = recorder().files.find(path);
  if (found == recorder().files.end()) fail("a file was there before", path);
  recorder().open[fd] = found->second;
  if (isThere && (flags & O_TRUNC) != 0) note(Truncate, found->second, 0, "");
  return fd;
}

ssize_t writeRecorded(int fd, uint64_t file, const std::string &data) {
  struct stat now {};
  const bool appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  if (appends && fstat(fd, &now) != 0) fail("cannot stat", strerror(errno));
  const off_t at = appends ? now.st_size : lseek(fd, 0, SEEK_CUR);
  const ssize_t done = real<ssize_t (*)(int, const void *, size_t)>("write")(fd, data.data(), data.size());
  if (done > 0) note(Write, file, static_cast<uint64_t>(at), data.data(), static_cast<size_t>(done));
  return done;
}

ssize_t pwriteRecorded(int fd, const void *data, size_t length, off_t at) {
  const auto call = real<ssize_t (*)(int, const void *, size_t, off_t)>("pwrite64");
  Guard guard;
  uint64_t file = 0;
  const ssize_t done = call(fd, data, length, at);
  if (done > 0 && isOpen(fd, file)) note(Write, file, static_cast<uint64_t>(at), data, static_cast<size_t>(done));
  return done;
}

int syncRecorded(const char *name, int fd) {
  const auto call = real<int (*)(int)>(name);
  Guard guard;
  uint64_t file = 0;
  const int result = call(fd);
  if (result == 0 && isOpen(fd, file)) note(file == FOLDER ? SyncFolder : Sync, file, 0, "");
  return result;
}

int truncateRecorded(int fd, off_t size) {
  const auto call = real<int (*)(int, off_t)>("ftruncate64");
  Guard guard;
  uint64_t file = 0;
  const int result = call(fd, size);
  if (result == 0 && isOpen(fd, file)) note(Truncate, file, static_cast<uint64_t>(size), "");
  return result;
}

int removeRecorded(const char *name, const char *path) {
  const auto call = real<int (*)(const char *)>(name);
  if (!isRecorded(path)) return call(path);
  Guard guard;
  const int result = call(path);
  if (result != 0) return result;
  note(Unlink, FOLDER, 0, path);
  recorder().files.erase(path);
  return result;
}

} // namespace

extern "C" {

#define OPEN_MODE(flags, mode)                                                                     \
  mode_t mode = 0;                                                                                 \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                                    \
    va_list rest;                                                                                  \
    va_start(rest, flags);                                                                         \
    mode = va_arg(rest, mode_t);                                                                   \
    va_end(rest);                                                                                  \
  }

int open(const char *path, int flags, ...) {
  OPEN_MODE(flags, mode)
  return openRecorded(real<int (*)(const char *, int, ...)>("open"), path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  OPEN_MODE(flags, mode)
  return openRecorded(real<int (*)(const char *, int, ...)>("open64"), path, flags, mode);
}

int close(int fd) {
  const auto call = real<int (*)(int)>("close");
  Guard guard;
  recorder().open.erase(fd);
  return call(fd);
}

ssize_t write(int fd, const void *data, size_t length) {
  const auto call = real<ssize_t (*)(int, const void *, size_t)>("write");
  {
    Guard guard;
    uint64_t file = 0;
    if (isOpen(fd, file)) return writeRecorded(fd, file, std::string(static_cast<const char *>(data), length));
  }
  // Pipes and the like may block: not under the lock.
  return call(fd, data, length);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  const auto call = real<ssize_t (*)(int, const struct iovec *, int)>("writev");
  {
    Guard guard;
    uint64_t file = 0;
    if (isOpen(fd, file)) {
      std::string all;
      for (int i = 0; i < count; i++) all.append(static_cast<const char *>(parts[i].iov_base), parts[i].iov_len);
      return writeRecorded(fd, file, all);
    }
  }
  return call(fd, parts, count);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return pwriteRecorded(fd, data, length, at); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) { return pwriteRecorded(fd, data, length, at); }
int ftruncate(int fd, off_t size) noexcept { return truncateRecorded(fd, size); }
int ftruncate64(int fd, off64_t size) noexcept { return truncateRecorded(fd, size); }
int fsync(int fd) { return syncRecorded("fsync", fd); }
int fdatasync(int fd) { return syncRecorded("fdatasync", fd); }

int unlink(const char *path) noexcept { return removeRecorded("unlink", path); }
int remove(const char *path) noexcept { return removeRecorded("remove", path); }

int rename(const char *from, const char *to) noexcept {
  const auto call = real<int (*)(const char *, const char *)>("rename");
  if (!isRecorded(from) && !isRecorded(to)) return call(from, to);
  if (!isRecorded(from) || !isRecorded(to)) fail("a file was moved over the border of the folder", from);
  Guard guard;
  const int result = call(from, to);
  if (result != 0) return result;
  note(Rename, FOLDER, 0, std::string(from) + '\0' + to);
  recorder().files[to] = recorder().files[from];
  recorder().files.erase(from);
  return result;
}

} // extern "C"
