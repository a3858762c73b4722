#include "demo/site.h"

#include <cstdio>
#include <fstream>

#include "tls/authority.h"

namespace botbottle::demo {

Result<std::unique_ptr<Site>> Site::create(const std::string& host, const std::string& ca_file) {
    auto material = tls::create_authority("botbottle demo");
    if (!material) return tl::make_unexpected(material.error());
    auto authority = tls::CertificateAuthority::load(material->certificate, material->private_key);
    if (!authority) return tl::make_unexpected(authority.error());
    auto key = tls::make_key();
    if (!key) return tl::make_unexpected(key.error());
    auto leaf = authority->mint({host, false}, key->get());
    if (!leaf) return tl::make_unexpected(leaf.error());

    tls::ContextPtr context(SSL_CTX_new(TLS_server_method()));
    if (!context || SSL_CTX_use_certificate(context.get(), leaf->get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), key->get()) != 1)
        return failure("tls", tls::take_error());
    tls::harden(context.get());

    std::ofstream file(ca_file);
    file << material->certificate;
    if (!file.flush()) return failure("cannot_write", "cannot write " + ca_file);
    return std::unique_ptr<Site>(new Site(host, std::move(context)));
}

tls::SslPtr Site::connection(int fd) const {
    tls::SslPtr ssl(SSL_new(context_.get()));
    if (ssl) SSL_set_fd(ssl.get(), fd);
    return ssl;
}

std::string Site::answer(const Request& request) const {
    const std::string seen =
        "\"method\": " + json_string(request.method) +
        ", \"target\": " + json_string(request.target) +
        ", \"authorization\": " + json_or_null(request.header("Authorization")) +
        ", \"x_api_key\": " + json_or_null(request.header("x-api-key"));
    // One write per line: several connections may tell at once.
    const std::string line = "{" + seen + "}\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
    return response(200, "OK", "{\"host\": " + json_string(host_) + ", " + seen + "}\n");
}

}  // namespace botbottle::demo
