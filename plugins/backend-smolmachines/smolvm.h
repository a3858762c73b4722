// Smolvm: the program, found on PATH and called with an environment of our choosing.
#pragma once

#include <botbottle/plugin.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "host-bottle/process.h"
#include "machine_json.h"
#include "tool_features.h"

namespace backend_smolmachines {

// The first executable `smolvm` of PATH; nothing when there is none.
std::optional<std::string> find_smolvm();

// What of the operator's environment it gets: where its files are. No proxy (a machine would be
// given it), no SMOLVM_… (a name or a policy would be taken from it), nothing with a secret.
std::vector<std::string> smolvm_environment();

class Smolvm {
  public:
    // `host`: asked whether the operator has cancelled; may be null.
    Smolvm(std::string path, const botbottle::plugin::Host* host);

    const std::string& path() const { return path_; }

    // Whatever it answers. Throws when it does not end in time, or the operator has cancelled.
    ProgramResult run(const std::string& step, const Words& words,
                      std::chrono::seconds timeout) const;

    // Its stdout. Throws its words as an error when it fails; `step` says what was asked for.
    std::string ask(const std::string& step, const Words& words,
                    std::chrono::seconds timeout) const;

    // Throws for a program that is no smolvm, or one that is too old.
    SmolvmVersion version() const;
    Features features() const;

    std::vector<Machine> machines() const;
    std::optional<Machine> find(const std::string& name) const;

    // Stopped and deleted, whatever its state. One that is gone already is no error.
    void remove(const std::string& name) const;

  private:
    std::string path_;
    std::vector<std::string> environment_;
    const botbottle::plugin::Host* host_;
};

// Throws, with what helps, when there is none on PATH.
std::string require_smolvm();

[[noreturn]] void fail_tool(const std::string& step, const ProgramResult& result);

}  // namespace backend_smolmachines
