// Client: one connection of the agent's git. HTTP/1.1 in front, `git http-backend` behind it.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "git-gate/request.h"
#include "git-gate/task.h"
#include "http/parser.h"

namespace botbottle::git_gate {

class Gate;
class Mirror;

class Client : public std::enable_shared_from_this<Client> {
  public:
    using Socket = asio::basic_stream_socket<asio::local::stream_protocol, Executor>;

    // Lives until the connection ends.
    static void serve(Gate& gate, Socket socket);

    Client(Gate& gate, Socket socket);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

  private:
    struct Exchange;  // one run of http-backend

    // A request's head, copied out of the buffer.
    struct Head {
        std::string method;
        std::string target;
        std::string content_type;
        std::string content_encoding;
        std::string git_protocol;
        http::Framing framing;
        int minor_version = 1;
        bool keep_alive = false;
        bool expects_continue = false;
    };

    Task<void> run();
    Task<bool> read_head();
    Task<bool> answer();
    Task<bool> serve_git(GitRequest request, Mirror& mirror);
    Task<bool> run_backend(GitRequest request, Mirror& mirror);
    Task<void> pump_body(std::shared_ptr<Exchange> exchange);
    Task<bool> pump_answer(std::shared_ptr<Exchange> exchange);
    Task<bool> read_more();
    Task<bool> write(std::string_view bytes);
    Task<bool> refuse(int status, std::string text);
    Task<void> linger();
    void arm(Timer& timer, std::chrono::milliseconds patience);

    Gate& gate_;
    Socket socket_;
    Timer reading_;
    Timer writing_;
    http::RequestParser parser_;
    std::string buffer_;
    Head head_;
    std::uint64_t body_limit_ = 0;
};

}  // namespace botbottle::git_gate
