// The smallest plugin that plugin.hpp can make: every way in which an operation can end.
#include <botbottle/plugin.hpp>
#include <stdexcept>

namespace {

using botbottle::plugin::Host;
using botbottle::plugin::OperationError;

class Sample {
  public:
    static constexpr const char* kDescriptor = R"({"id": "sample", "kind": "provider"})";

    explicit Sample(Host host) : host_(host) { host_.info("created"); }
    Sample(const Sample&) = delete;
    Sample& operator=(const Sample&) = delete;
    ~Sample() { host_.info("destroyed"); }

    std::string provision(std::string_view request) {
        if (request == "refuse") {
            throw OperationError(BOTBOTTLE_INVALID_REQUEST, "no_such_key", "no \"key\"\n\xff", "h");
        }
        if (request == "standard") throw std::runtime_error("standard");
        if (request == "number") throw 42;  // NOLINT(hicpp-exception-baseclass)
        if (request == "lie") throw OperationError(BOTBOTTLE_OK, "fine", "not fine");
        if (request == "cancel") host_.throw_if_cancelled();
        host_.progress("pro\"vision", "half", 1, 2);
        return "{\"echo\": " + botbottle::plugin::json_string(request) + "}";
    }

    std::string command_line(std::string_view) { return R"({"argv": ["sample"]})"; }

  private:
    Host host_;
};

}  // namespace

BOTBOTTLE_PLUGIN(Sample)
