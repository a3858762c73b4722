#include "warden/credential_watch.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "control/descriptor.h"

namespace botbottle::warden {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr std::chrono::seconds kLookAgain = 5s;
constexpr std::size_t kLargestFile = 1024 * 1024;

std::int64_t now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

// The file's text, wiped when it goes; empty when there is none to read.
class FileText {
  public:
    explicit FileText(const std::string& path) {
        // O_NONBLOCK: a fifo in its place must not hold us up.
        const control::Descriptor file(
            ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
        struct stat status = {};
        if (!file || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
        text_.resize(kLargestFile + 1);
        std::size_t size = 0;
        for (ssize_t count = 1; count > 0 && size < text_.size();) {
            count = ::read(file.get(), text_.data() + size, text_.size() - size);
            if (count > 0) size += static_cast<std::size_t>(count);
        }
        size_ = size <= kLargestFile ? size : 0;
    }
    ~FileText() { wipe_memory(text_.data(), text_.size()); }
    FileText(const FileText&) = delete;
    FileText& operator=(const FileText&) = delete;

    std::string_view view() const { return std::string_view(text_).substr(0, size_); }

  private:
    std::string text_;
    std::size_t size_ = 0;
};

struct Watched {
    CredentialFile file;
    Secret held;
    std::optional<std::int64_t> expires;
    bool withdrawn = false;
    bool busy = false;  // an answer is awaited
};

}  // namespace

struct CredentialWatch::State : std::enable_shared_from_this<State> {
    State(asio::io_context& io, CredentialEvents what)
        : events(std::move(what)), notices(io), timer(io) {}

    void open_notices();
    void wait_for_notice();
    void wait_for_time();
    void look();
    void look_at(Watched& watched);
    bool renew(Watched& watched);
    void withdraw(Watched& watched);
    void close();

    CredentialEvents events;
    std::vector<Watched> files;
    asio::posix::stream_descriptor notices;
    asio::steady_timer timer;
    std::array<char, 4096> buffer;
    bool closed = false;
};

// The directory, because a file that is replaced by a rename is another one afterwards; and where
// a link leads, because that is where it is written.
void CredentialWatch::State::open_notices() {
    const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0) return;  // the timer remains
    notices.assign(fd);
    for (const Watched& watched : files) {
        std::vector<std::string> paths = {watched.file.path};
        if (char* real = realpath(watched.file.path.c_str(), nullptr)) {
            paths.emplace_back(real);
            free(real);
        }
        for (const std::string& path : paths) {
            const std::string directory = path.substr(0, std::max<std::size_t>(1, path.rfind('/')));
            inotify_add_watch(fd, directory.c_str(),
                              IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR);
        }
    }
    wait_for_notice();
}

void CredentialWatch::State::wait_for_notice() {
    notices.async_read_some(asio::buffer(buffer),
                            [self = shared_from_this()](const auto& error, std::size_t) {
                                if (error || self->closed) return;
                                self->look();
                                self->wait_for_notice();
                            });
}

void CredentialWatch::State::wait_for_time() {
    std::int64_t wait = kLookAgain.count();
    for (const Watched& watched : files) {
        if (watched.expires && !watched.withdrawn)
            wait = std::clamp<std::int64_t>(*watched.expires - now(), 1, wait);
    }
    timer.expires_after(std::chrono::seconds(wait));
    timer.async_wait([self = shared_from_this()](const auto& error) {
        if (error || self->closed) return;
        self->look();
        self->wait_for_time();
    });
}

void CredentialWatch::State::look() {
    for (Watched& watched : files)
        look_at(watched);
}

void CredentialWatch::State::look_at(Watched& watched) {
    if (watched.busy || renew(watched)) return;
    const bool over = watched.expires && *watched.expires <= now();
    if (over && !watched.withdrawn) withdraw(watched);
}

// Whether the file holds another value that can be used, which is handed on then.
bool CredentialWatch::State::renew(Watched& watched) {
    const FileText text(watched.file.path);
    auto value = credential_at(text.view(), watched.file.pointer);
    if (!value || value->reveal() == watched.held.reveal()) return false;
    std::optional<std::int64_t> expires;
    if (watched.file.jwt) {
        expires = jwt_expiry(value->reveal());
        if (!expires || *expires <= now()) return false;
    }
    watched.busy = true;
    const auto kept = std::make_shared<Secret>(value->duplicate());
    events.renewed(watched.file.slot, *std::move(value),
                   [self = shared_from_this(), &watched, kept, expires](bool accepted) {
                       watched.busy = false;
                       if (!accepted) return;
                       watched.held = std::move(*kept);
                       watched.expires = expires;
                       watched.withdrawn = false;
                   });
    return true;
}

void CredentialWatch::State::withdraw(Watched& watched) {
    watched.busy = true;
    events.expired(watched.file.slot,
                   "has expired, and " + watched.file.path + " on the host has no newer one",
                   "the operator runs on the host: " + watched.file.renew,
                   [self = shared_from_this(), &watched](bool accepted) {
                       watched.busy = false;
                       watched.withdrawn = accepted;
                   });
}

void CredentialWatch::State::close() {
    closed = true;
    boost::system::error_code ignored;
    notices.close(ignored);
    timer.cancel();
}

CredentialWatch::CredentialWatch(asio::io_context& io, const std::vector<CredentialFile>& files,
                                 const std::map<std::string, Secret>& held, CredentialEvents events)
    : state_(std::make_shared<State>(io, std::move(events))) {
    for (const CredentialFile& file : files) {
        Watched watched;
        watched.file = file;
        if (const auto found = held.find(file.slot); found != held.end())
            watched.held = found->second.duplicate();
        if (file.jwt) watched.expires = jwt_expiry(watched.held.reveal());
        state_->files.push_back(std::move(watched));
    }
    state_->open_notices();
    state_->wait_for_time();
}

CredentialWatch::~CredentialWatch() {
    state_->close();
}

void CredentialWatch::tell_again() {
    for (Watched& watched : state_->files)
        watched.withdrawn = false;
    state_->look();
}

}  // namespace botbottle::warden
