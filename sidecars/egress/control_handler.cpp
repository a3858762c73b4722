// See control_handler.h.
#include "egress/control_handler.h"

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/host.h"
#include "control/fields.h"

namespace botbottle::egress {

namespace {

using control::Json;
using control::Reply;

constexpr std::string_view kSchema = "botbottle.egress/1";
constexpr std::chrono::milliseconds kDrainStep{20};

Result<StartParameters> read_start(Json& params) {
    if (auto known =
            control::only_members(params, {"schema", "identity", "policy", "secrets", "ca"});
        !known)
        return tl::make_unexpected(known.error());
    const auto schema = control::string_member(params, "schema");
    if (!schema) return tl::make_unexpected(schema.error());
    if (*schema != kSchema) return failure("bad_schema", "schema is not " + std::string(kSchema));
    auto policy = policy::PolicySnapshot::from_json(params["policy"]);
    if (!policy) return tl::make_unexpected(policy.error());
    auto secrets = control::take_secrets(params, "secrets");
    if (!secrets) return tl::make_unexpected(secrets.error());
    Json& ca = params["ca"];
    if (!ca.is_object()) return failure("bad_request", "ca is not an object");
    auto certificate = control::string_member(ca, "certificate");
    if (!certificate) return tl::make_unexpected(certificate.error());
    auto key = control::take_secret(ca, "private_key");
    if (!key) return tl::make_unexpected(key.error());
    return StartParameters{std::move(*policy), std::move(*secrets), std::move(*certificate),
                           std::move(*key)};
}

struct Url {
    policy::Scheme scheme;
    Authority authority;
    std::string target;
};

Result<Url> parse_url(std::string_view text) {
    constexpr std::string_view https = "https://";
    constexpr std::string_view http = "http://";
    const bool tls = text.starts_with(https);
    if (!tls && !text.starts_with(http))
        return failure("bad_request", "url begins with neither https:// nor http://");
    text.remove_prefix(tls ? https.size() : http.size());
    text = text.substr(0, text.find('#'));
    const auto end = text.find_first_of("/?");
    auto authority = Authority::parse(text.substr(0, end), tls ? 443 : 80);
    if (!authority) return tl::make_unexpected(authority.error());
    std::string target(end == std::string_view::npos ? std::string_view() : text.substr(end));
    if (!target.starts_with('/')) target.insert(0, 1, '/');
    return Url{tls ? policy::Scheme::kHttps : policy::Scheme::kHttp, std::move(*authority),
               std::move(target)};
}

// What would happen to a request; nothing is sent.
Result<Json> test(const policy::PolicySnapshot& policy, const Json& params) {
    const auto method = control::string_member(params, "method");
    if (!method) return tl::make_unexpected(method.error());
    const auto text = control::string_member(params, "url");
    if (!text) return tl::make_unexpected(text.error());
    const auto url = parse_url(*text);
    if (!url) return tl::make_unexpected(url.error());
    // What is not decrypted is not looked at: the CONNECT is all that is decided.
    policy::Decision decision = policy.decide_connect(url->authority);
    if (!decision.allowed || decision.route->intercept || url->scheme == policy::Scheme::kHttp)
        decision = policy.decide({url->scheme, url->authority, *method, url->target});
    const policy::Route* route = decision.route;
    return Json{{"verdict", decision.allowed ? "allowed" : "denied"},
                {"rule", decision.rule},
                {"reason", decision.reason},
                {"hint", decision.hint},
                {"route", route != nullptr ? Json(route->name()) : Json()},
                {"auth", route != nullptr && route->auth ? Json(route->auth->slot) : Json()}};
}

void answer(const Reply& reply, const Result<void>& result, const Json& value) {
    if (result)
        reply.result(value);
    else
        reply.error(result.error());
}

}  // namespace

void drain(Server& server, boost::asio::io_context& io, std::chrono::milliseconds timeout,
           std::function<void()> done) {
    server.begin_drain();
    struct Waiting : std::enable_shared_from_this<Waiting> {
        Waiting(Server& s, boost::asio::io_context& context, std::function<void()> d)
            : server(s), timer(context), done(std::move(d)) {}
        void check() {
            if (server.open_requests() == 0 || std::chrono::steady_clock::now() >= until)
                return done();
            timer.expires_after(kDrainStep);
            timer.async_wait([self = shared_from_this()](const auto&) { self->check(); });
        }
        Server& server;
        boost::asio::steady_timer timer;
        std::function<void()> done;
        std::chrono::steady_clock::time_point until;
    };
    const auto waiting = std::make_shared<Waiting>(server, io, std::move(done));
    waiting->until = std::chrono::steady_clock::now() + timeout;
    waiting->check();
}

control::Methods make_methods(Server& server, boost::asio::io_context& io) {
    control::Methods methods;
    // Wraps a method that needs a started server.
    const auto on = [&](std::string name, control::Methods::Handler handler) {
        methods.on(
            std::move(name), [&server, handler = std::move(handler)](Json& params, Reply reply) {
                if (!server.started())
                    return reply.error({"not_started", "the first message must be start", {}});
                handler(params, std::move(reply));
            });
    };
    methods.on("start", [&server](Json& params, const Reply& reply) {
        if (server.started())
            return reply.error({"already_started", "start was received already", {}});
        auto parameters = read_start(params);
        if (!parameters) return reply.error(parameters.error());
        answer(reply, server.start(std::move(*parameters)), Json::object());
    });
    on("policy.replace", [&server](Json& params, const Reply& reply) {
        auto policy = policy::PolicySnapshot::from_json(params["policy"]);
        if (!policy) return reply.error(policy.error());
        const auto revision = (*policy)->revision();
        answer(reply, server.replace_policy(std::move(*policy)), {{"revision", revision}});
    });
    on("policy.show",
       [&server](Json&, const Reply& reply) { reply.result(server.policy().to_json()); });
    on("secret.set", [&server](Json& params, const Reply& reply) {
        const auto slot = control::string_member(params, "slot");
        if (!slot) return reply.error(slot.error());
        auto value = control::take_secret(params, "value");
        if (!value) return reply.error(value.error());
        answer(reply, server.set_secret(*slot, std::move(*value)), Json::object());
    });
    on("secret.withdraw", [&server](Json& params, const Reply& reply) {
        Absence why;
        std::string slot;
        for (const auto& [name, target] :
             {std::pair{"slot", &slot}, std::pair{"reason", &why.reason},
              std::pair{"hint", &why.hint}}) {
            auto text = control::string_member(params, name);
            if (!text) return reply.error(text.error());
            *target = *std::move(text);
        }
        answer(reply, server.withdraw_secret(slot, std::move(why)), Json::object());
    });
    on("hold.answer", [&server](Json& params, const Reply& reply) {
        const auto hold = control::string_member(params, "hold");
        if (!hold) return reply.error(hold.error());
        const auto allow = params.find("allow");
        if (allow == params.end() || !allow->is_boolean())
            return reply.error({"bad_request", "allow must be true or false", {}});
        if (!server.holds().answer(*hold, allow->get<bool>()))
            return reply.error({"no_such_hold", "that request does not wait any more", {}});
        reply.result(Json::object());
    });
    on("stats", [&server](Json&, const Reply& reply) { reply.result(server.stats()); });
    on("metrics", [&server](Json&, const Reply& reply) {
        reply.result({{"text", server.metrics()}});
    });
    on("test", [&server](Json& params, const Reply& reply) {
        auto result = test(server.policy(), params);
        if (!result) return reply.error(result.error());
        reply.result(*result);
    });
    on("drain", [&server, &io](Json& params, Reply reply) {
        const auto timeout = control::number_member(params, "timeout_ms");
        if (!timeout) return reply.error(timeout.error());
        drain(server, io, std::chrono::milliseconds(*timeout),
              [reply = std::move(reply)] { reply.result(Json::object()); });
    });
    return methods;
}

}  // namespace botbottle::egress
