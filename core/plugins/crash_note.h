// CrashNote: while one lives, a crash of this process says which plugin was running, before it dies
// as it would have. For the code of plugins that cannot run elsewhere.
#pragma once

#include <string>

namespace botbottle {

class CrashNote {
  public:
    // `what`: "plugin bare: launch". One at a time; an inner one stands back.
    explicit CrashNote(const std::string& what);

    // Installs the handlers, which the first one does otherwise: for who looks at what changes in
    // this process.
    static void prepare();
    ~CrashNote();
    CrashNote(const CrashNote&) = delete;
    CrashNote& operator=(const CrashNote&) = delete;

  private:
    bool ours_ = false;
};

}  // namespace botbottle
