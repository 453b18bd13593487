render_program(
  c3-bench
  SOURCES bare.cpp bench_main.cpp floor.cpp meter.cpp peers.cpp
          process_rounds.cpp redis_work.cpp worker_rounds.cpp
  DEPENDS render_small_world
          render_job_store
          render_queue_watcher
          render_gpu_instance
          render_supervisor
          render_webhook
          render_version
          CLI11::CLI11)
add_dependencies(c3-bench c3-render-worker c3-local-cloud)
