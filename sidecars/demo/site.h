// Site: the one host that is played: its certificate, and what it answers.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "demo/message.h"
#include "tls/openssl.h"

namespace botbottle::demo {

class Site {
  public:
    // Makes a throw-away authority and writes its certificate to `ca_file`.
    static Result<std::unique_ptr<Site>> create(const std::string& host,
                                                const std::string& ca_file);

    const std::string& host() const { return host_; }

    // A server-side connection over `fd`, before its handshake. Thread-safe.
    tls::SslPtr connection(int fd) const;

    // Tells what the request carried, and answers it with the same.
    std::string answer(const Request& request) const;

  private:
    Site(std::string host, tls::ContextPtr context)
        : host_(std::move(host)), context_(std::move(context)) {}

    std::string host_;
    tls::ContextPtr context_;
};

}  // namespace botbottle::demo
