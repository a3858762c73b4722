// What ThreadSanitizer looks at in a program that ends with threads of its own running: everything
// but those threads. Visible, because libtsan looks for it from outside the program.

extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options();

extern "C" const char* __tsan_default_options() {
    return "report_thread_leaks=0";
}
