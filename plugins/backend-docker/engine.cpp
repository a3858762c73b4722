#include "engine.h"

#include <curl/curl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "connection.h"
#include "engine_error.h"
#include "host-bottle/fail.h"
#include "host-bottle/unique_fd.h"
#include "host-bottle/version.h"

namespace backend_docker {
namespace {

using host_bottle::fail;
using host_bottle::UniqueFd;
using host_bottle::Version;

constexpr Version kOldestApi = {1, 41};
constexpr Version kNewestApi = {1, 47};  // what this was written for
constexpr long kConnectTimeoutMs = kConnectSeconds * 1000L;
constexpr std::size_t kMostAnswer = 16 * 1024 * 1024;
constexpr std::chrono::milliseconds kVersionTimeout{10'000};

std::string text_of(Version version) {
    return std::to_string(version.major) + "." + std::to_string(version.minor);
}

// The errno of connecting to the socket now.
int try_connecting(const std::string& path) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    std::memcpy(address.sun_path, path.data(), path.size());
    const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* const any = reinterpret_cast<const sockaddr*>(&address);
    return connect(socket.get(), any, sizeof address) == 0 ? 0 : errno;
}

}  // namespace

struct Engine::Transfer {
    Transfer() : handle(curl_easy_init()) {
        if (handle == nullptr) fail("out_of_memory", "libcurl could not be started");
    }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer() { curl_easy_cleanup(handle); }

    static std::size_t write(char* data, std::size_t, std::size_t size, void* context) {
        auto& self = *static_cast<Transfer*>(context);
        const std::string_view text(data, size);
        // A refusal is short, and kept whole: its words are shown.
        long status = 0;
        curl_easy_getinfo(self.handle, CURLINFO_RESPONSE_CODE, &status);
        try {
            if (self.call->on_data && status < 400) {
                self.call->on_data(text);
                return size;
            }
            if (self.body.size() + size > kMostAnswer) return 0;
            self.body.append(text);
            return size;
        } catch (...) {
            self.thrown = std::current_exception();
            return 0;
        }
    }

    static std::size_t read(char* into, std::size_t, std::size_t size, void* context) {
        const auto& self = *static_cast<Transfer*>(context);
        const ssize_t count = ::read(self.call->file, into, size);
        return count < 0 ? CURL_READFUNC_ABORT : static_cast<std::size_t>(count);
    }

    static int progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
        const auto& self = *static_cast<Transfer*>(context);
        return self.host != nullptr && self.host->cancelled() ? 1 : 0;
    }

    CURL* handle;
    const botbottle::plugin::Host* host = nullptr;
    const Call* call = nullptr;
    std::string body;
    std::exception_ptr thrown;
};

Engine::Engine(Endpoint endpoint, const botbottle::plugin::Host* host)
    : endpoint_(std::move(endpoint)), host_(host), transfer_(std::make_unique<Transfer>()) {}

Engine::~Engine() = default;

Answer Engine::perform(const std::string& url, const Call& call) {
    CURL* const curl = transfer_->handle;
    transfer_->host = host_;
    transfer_->call = &call;
    transfer_->body.clear();
    transfer_->thrown = nullptr;
    curl_easy_reset(curl);
    if (endpoint_.is_local())
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, endpoint_.socket.c_str());
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    // The operator's proxy variables are about other things.
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::write);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer_.get());
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Transfer::progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer_.get());
    std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(nullptr, curl_slist_free_all);
    if (call.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (call.file >= 0) {
        struct stat status = {};
        if (fstat(call.file, &status) != 0 || lseek(call.file, 0, SEEK_SET) != 0)
            host_bottle::fail_errno("what is sent to the engine");
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, &Transfer::read);
        curl_easy_setopt(curl, CURLOPT_READDATA, transfer_.get());
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(status.st_size));
        headers.reset(curl_slist_append(headers.release(), "Content-Type: application/x-tar"));
        headers.reset(curl_slist_append(headers.release(), "Expect:"));
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    } else if (call.method == "POST") {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(call.body.size()));
        const std::string type = "Content-Type: " + call.content_type;
        headers.reset(curl_slist_append(headers.release(), type.c_str()));
        headers.reset(curl_slist_append(headers.release(), "Expect:"));
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
    }
    const CURLcode code = curl_easy_perform(curl);
    if (transfer_->thrown) std::rethrow_exception(transfer_->thrown);
    if (code != CURLE_OK) explain(code, call);
    Answer answer;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer.status);
    answer.body = std::move(transfer_->body);
    return answer;
}

void Engine::explain(int curl_code, const Call& call) const {
    if (host_ != nullptr) host_->throw_if_cancelled();
    const std::string what = call.method + " " + call.path.substr(0, call.path.find('?'));
    switch (curl_code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            host_bottle::fail_unavailable("no_engine",
                                          "there is no machine of the name " + endpoint_.host,
                                          "see DOCKER_HOST");
        case CURLE_COULDNT_CONNECT: {
            if (!endpoint_.is_local())
                host_bottle::fail_unavailable("engine_down",
                                              "no engine answers at " + endpoint_.text,
                                              "is it started, and does it listen there?");
            const int error = try_connecting(endpoint_.socket);
            throw unreachable(endpoint_.socket, error != 0 ? error : ECONNREFUSED);
        }
        case CURLE_OPERATION_TIMEDOUT:
            fail("engine_timeout",
                 "the engine at " + endpoint_.text + " did not answer within " +
                     std::to_string(call.timeout.count() / 1000) + " s (" + what + ")",
                 endpoint_.is_local() ? "it may be overloaded or hang: see its log"
                                      : "is it started, and does it listen there?");
        case CURLE_GOT_NOTHING:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_PARTIAL_FILE:
            fail("engine_lost", "the engine went away while it was asked (" + what + ")",
                 "see its log; try again when it runs");
        case CURLE_WRITE_ERROR:
            fail("engine_answer", "the engine's answer is too long (" + what + ")");
        default:
            fail("engine_protocol",
                 std::string("the engine does not speak as engines do: ") +
                     curl_easy_strerror(static_cast<CURLcode>(curl_code)) + " (" + what + ")",
                 "is " + endpoint_.text + " an engine?");
    }
}

const EngineVersion& Engine::version() {
    if (version_) return *version_;
    Call call;
    call.method = "GET";
    call.path = "/version";
    call.timeout = kVersionTimeout;
    const Answer answer = perform(endpoint_.url() + "/version", call);
    const std::string what = "tell its version";
    if (answer.status >= 400) throw engine_error(what, answer.status, answer.body);
    const Json document = Json::parse(answer.body, nullptr, false);
    if (!document.is_object() || !document.contains("ApiVersion")) {
        fail("engine_protocol", "what answers at " + endpoint_.text + " is no engine");
    }
    EngineVersion found;
    found.name = "Docker";
    for (const Json& component : document.value("Components", Json::array())) {
        if (component.value("Name", std::string()).find("Podman") != std::string::npos) {
            found.name = kPodman;
        }
    }
    found.version = document.value("Version", std::string());
    found.api = common_api(document.value("ApiVersion", std::string()),
                           document.value("MinAPIVersion", std::string()));
    if (found.api.empty()) {
        host_bottle::fail_unavailable("engine_too_old",
                                      found.name + " " + found.version + " at " + endpoint_.text +
                                          " does not speak the Engine API 1.41",
                                      "Docker 20.10 or newer is needed");
    }
    version_ = std::make_unique<EngineVersion>(std::move(found));
    return *version_;
}

Answer Engine::send(const Call& call) {
    return perform(endpoint_.url() + "/v" + version().api + call.path, call);
}

UniqueFd Engine::attach(const std::string& container) {
    constexpr std::string_view kEndOfHead = "\r\n\r\n";
    const std::string path =
        "/v" + version().api + "/containers/" + container + "/attach?stream=1&stdin=1&stdout=1";
    UniqueFd stream = endpoint_.is_local() ? connect_unix(endpoint_.socket)
                                           : connect_tcp(endpoint_.host, endpoint_.port);
    if (!stream)
        fail("engine_lost", "the engine at " + endpoint_.text + " does not answer any more");
    const timeval limit = {kConnectTimeoutMs / 1000, 0};
    setsockopt(stream.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const std::string request = "POST " + path + " HTTP/1.1\r\nHost: " +
                                (endpoint_.is_local() ? "engine" : endpoint_.host) +
                                "\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
                                "Content-Length: 0\r\n\r\n";
    std::string head;
    if (::send(stream.get(), request.data(), request.size(), MSG_NOSIGNAL) ==
        static_cast<ssize_t>(request.size())) {
        // One byte at a time: what comes behind the head belongs to the container.
        char byte = 0;
        while (head.size() < 8192 && !head.ends_with(kEndOfHead) &&
               recv(stream.get(), &byte, 1, 0) == 1)
            head.push_back(byte);
    }
    if (!head.starts_with("HTTP/1.1 101") && !head.starts_with("HTTP/1.1 200")) {
        fail("engine_refused", "the engine does not attach to the bottle's container: " +
                                   head.substr(0, std::min(head.find('\r'), std::size_t{100})));
    }
    const timeval never = {};
    setsockopt(stream.get(), SOL_SOCKET, SO_RCVTIMEO, &never, sizeof never);
    setsockopt(stream.get(), SOL_SOCKET, SO_SNDTIMEO, &never, sizeof never);
    return stream;
}

Json Engine::ask(const std::string& what, const Call& call) {
    const Answer answer = send(call);
    if (answer.status >= 400) throw engine_error(what, answer.status, answer.body);
    if (answer.body.empty()) return Json::object();
    Json document = Json::parse(answer.body, nullptr, false);
    if (document.is_discarded()) {
        fail("engine_protocol", "the engine's answer is not JSON (" + what + ")");
    }
    return document;
}

std::string query(std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) {
    constexpr char kHex[] = "0123456789ABCDEF";
    std::string text;
    const auto encode = [&](std::string_view part) {
        for (const char c : part) {
            const auto byte = static_cast<unsigned char>(c);
            const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                               (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
                               c == '~';
            if (plain) {
                text.push_back(c);
            } else {
                text.append({'%', kHex[byte >> 4], kHex[byte & 15]});
            }
        }
    };
    for (const auto& [name, value] : parameters) {
        text.push_back(text.empty() ? '?' : '&');
        encode(name);
        text.push_back('=');
        encode(value);
    }
    return text;
}

std::string common_api(std::string_view newest, std::string_view oldest) {
    const auto most = host_bottle::parse_version(newest);
    if (!most || !most->at_least(kOldestApi)) return {};
    const Version least = host_bottle::parse_version(oldest).value_or(kOldestApi);
    if (most->at_least(kNewestApi)) return text_of(least.at_least(kNewestApi) ? least : kNewestApi);
    return text_of(*most);
}

}  // namespace backend_docker
